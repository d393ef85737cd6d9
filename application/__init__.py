"""Commands and their handlers, and the ports they need. Knows the domain."""

"""The demo: a story told by a client of an Annals of its own, over real HTTP."""

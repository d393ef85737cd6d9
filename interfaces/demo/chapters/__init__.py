"""The chapters of the demo's story, each of which checks what it claims."""

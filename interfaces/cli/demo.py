"""``annals demo``."""


def demo() -> None:
    """Show the whole story."""

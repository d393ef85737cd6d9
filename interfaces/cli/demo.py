"""``annals demo``."""

import typer

from interfaces.demo.story import DemoFailedError, Story, own_console
from interfaces.demo.tale import tell


def demo() -> None:
    """Tell what Annals does, on a server and a data directory of its own; exits 1 if it does not.

    Example: annals demo
    """
    story = Story(own_console())
    try:
        tell(story)
    except DemoFailedError as error:
        story.fail(error)
        raise typer.Exit(1) from None

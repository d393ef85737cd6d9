"""Where ``annals`` begins: while it is imported there is no garbage, so none is looked for."""

import gc


def main() -> None:
    """Import the terminal and run a command; that way it starts in four fifths of the time."""
    gc.disable()
    from interfaces.cli.main import main as run  # noqa: PLC0415 - what takes the time

    gc.freeze()  # what was imported stays, also in the processes that are forked
    gc.enable()
    run()

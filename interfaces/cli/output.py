"""What commands print: tables on a terminal, JSON for machines, errors without a traceback."""

import os
import sys
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

console = Console()
errors = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def complain(message: str) -> None:
    """Say on standard error why a command could not do what it should."""
    shown = escape(_harmless(message))
    errors.print(f"[bold red]Error:[/] {shown}", highlight=False, soft_wrap=True)


def _harmless(message: str) -> str:
    """Give a message, which may quote anybody, without what a terminal would obey."""
    return "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in message
    )


def drop_output() -> None:
    """Let Python write what it still has to nobody, instead of failing at it when it ends."""
    with open(os.devnull, "wb") as nobody:  # noqa: PTH123 - a device
        os.dup2(nobody.fileno(), sys.stdout.fileno())

"""``annals audit export``: the log, redacted, as JSON lines."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated, BinaryIO

import msgspec
import typer

from application.exporting import check_places
from application.tailing import EventFilter, UnreadableEvent
from interfaces.cli.diff import point
from interfaces.cli.files import OutputFile, written
from interfaces.cli.output import AsJson, complain, console, drop_output, print_json
from interfaces.cli.progress import progress_bar
from interfaces.cli.running import with_services
from interfaces.services import Services

LINES = msgspec.json.Encoder()


class Exported(msgspec.Struct, frozen=True):
    """How much was exported; ``unreadable`` of the events could not be read."""

    events: int
    unreadable: int


def export(
    *,
    since: Annotated[
        str | None,
        typer.Option("--from", help="From this position, or moment in ISO 8601. Default: all."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--to", help="To this position, or moment in ISO 8601. Default: now."),
    ] = None,
    stream: Annotated[str | None, typer.Option(help="Only of this stream, like run-42.")] = None,
    category: Annotated[
        str | None, typer.Option(help="Only of streams of this category, like run.")
    ] = None,
    of_type: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only of this type, like RunStarted; of any, if repeated."),
    ] = None,
    output: OutputFile = None,
    as_json: AsJson = False,
) -> None:
    """Write events as JSON lines in the order of their positions, redacted where neutralized.

    Without --output they are printed. With it, the file is there once it is whole, and --json says
    how much is in it. An event that cannot be read is a line that says so in "error".

    Exits 1 if an event cannot be read.

    Example: annals audit export --category run --from 2026-11-01 --output runs.jsonl
    """
    places = point("--from", since), point("--to", until)
    check_places(*places)
    wanted = EventFilter(stream=stream, category=category, types=of_type)

    async def write(services: Services, file: BinaryIO) -> Exported:
        events = unreadable = 0
        stretch = await services.archive.stretch(*places)
        with progress_bar() as bar:
            task = bar.add_task("Exporting", total=max(stretch.to - stretch.after, 0))
            async for page in services.archive.pages(stretch, wanted):
                file.write(LINES.encode_lines(page.events))
                events += len(page.events)
                unreadable += sum(isinstance(e, UnreadableEvent) for e in page.events)
                bar.update(task, completed=page.position - stretch.after)
        return Exported(events, unreadable)

    with _printed() if output is None else written(output) as file:
        exported = with_services(lambda services: write(services, file))
    if output is not None and as_json:
        print_json(exported)
    elif output is not None:
        console.print(f"Exported {exported.events} events", highlight=False)
    if exported.unreadable:
        complain(f"{exported.unreadable} events cannot be read")
        raise typer.Exit(1)


@contextlib.contextmanager
def _printed() -> Iterator[BinaryIO]:
    """Give standard output; whoever reads it may have enough at any time."""
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_output()
        raise typer.Exit from None

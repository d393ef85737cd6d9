"""``annals events``: the log as it grows."""

import asyncio
import contextlib
import select
import signal
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from application.audit import EventView
from application.tailing import EventFilter, UnreadableEvent, shown
from domain.personal import REDACTED
from interfaces.cli.output import AsJson, console, drop_output, print_json
from interfaces.cli.running import with_services
from interfaces.services import Services

app = typer.Typer(help="Watch what is recorded.", no_args_is_help=True)

MAX_BIGINT = 2**63 - 1
DEFAULT_LAST = 10

# How often it is asked whether anybody still reads what is printed.
LOOK_SECONDS = 0.5


@app.callback()
def events() -> None:
    """Watch what is recorded."""


@app.command("tail")
def tail(
    *,
    stream: Annotated[str | None, typer.Option(help="Only of this stream, like run-42.")] = None,
    category: Annotated[
        str | None, typer.Option(help="Only of streams of this category, like run.")
    ] = None,
    of_type: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only of this type, like RunStarted; of any, if repeated."),
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Only by this actor, like api_key:5.")] = None,
    correlation: Annotated[str | None, typer.Option(help="Only of this chain of requests.")] = None,
    begin: Annotated[
        int | None,
        typer.Option("--from", min=1, max=MAX_BIGINT, help="Begin at this position of the log."),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(min=0, max=1_000_000, help="Begin with so many of the last. Default: 10."),
    ] = None,
    follow: Annotated[bool, typer.Option(help="Go on with what is recorded from now on.")] = True,
    as_json: AsJson = False,
) -> None:
    """Show events as they are recorded, redacted where neutralized, one a line.

    Ctrl-C ends it. If the database goes away, it waits, and goes on where it was. Exits 0 however
    it is ended, 1 if the database cannot be reached to begin with.

    Example: annals events tail --category run --last 20
    """
    if begin is not None and last is not None:
        raise typer.BadParameter("must not be given together with --from", param_hint="--last")
    wanted = EventFilter(
        stream=stream,
        category=category,
        types=of_type,
        actor=actor,
        correlation_id=correlation,
    )

    async def show(services: Services) -> None:
        after = (
            begin - 1
            if begin is not None
            else await services.tail.before_last(DEFAULT_LAST if last is None else last, wanted)
        )
        extracts = services.tail.extracts(after, wanted, follow=follow)
        async with contextlib.aclosing(extracts):
            async for extract in extracts:
                for entry in extract.entries:
                    _print(shown(entry), as_json=as_json)

    with_services(lambda services: _until_ended(show(services)))


async def _until_ended(showing: Coroutine[Any, Any, None]) -> None:
    """Show until all is shown, a signal ends it, or nobody reads any more what is printed."""
    task = asyncio.create_task(showing)
    loop = asyncio.get_running_loop()
    ended = False

    def end() -> None:
        nonlocal ended
        ended = True
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    while not task.done():
        await asyncio.wait({task}, timeout=LOOK_SECONDS)
        if ended or _is_unread():
            task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    except BrokenPipeError:
        drop_output()


def _is_unread() -> bool:
    """Tell whether whoever read what is printed has gone away, as ``head`` does."""
    try:
        output = sys.stdout.fileno()
    except OSError:
        return False
    poll = select.poll()
    poll.register(output, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _print(event: EventView | UnreadableEvent, *, as_json: bool) -> None:
    if as_json:
        print_json(event)
    elif console.is_terminal:
        console.print(_line(event), no_wrap=True, overflow="ellipsis")
    else:  # not through the console, which would end the process where nobody reads
        sys.stdout.write(_line(event).plain + "\n")
    sys.stdout.flush()


def _line(event: EventView | UnreadableEvent) -> Text:
    """Write an event in one line, its data as JSON."""
    line = Text()
    if isinstance(event, EventView):
        line.append(f"{event.recorded_at:%Y-%m-%d %H:%M:%S} ", "dim")
    line.append(f"{event.position} ", "bold")
    line.append(f"{event.stream_id} ")
    line.append(event.type, "cyan")
    if isinstance(event, EventView):
        line.append(f" {event.actor} ")
        line.append(_printable(msgspec.json.encode(event.data).decode()))
        line.highlight_words([REDACTED], "bold red")
    else:
        line.append(f" cannot be read: {event.error}", "bold red")
    return line


def _printable(text: str) -> str:
    """Escape what would steer a terminal, or turn around what it shows."""
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}" for character in text
    )

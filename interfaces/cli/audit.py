"""``annals audit``: the history of streams, their state as it was, and the hash chain."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
import typer
from rich.markup import escape
from rich.text import Text

from application.audit import EventView, show_event, state_as_of
from domain.personal import REDACTED
from interfaces.cli import chain, diff, export, trace
from interfaces.cli.output import AsJson, console, print_json
from interfaces.cli.running import with_services
from interfaces.moments import parse_moment
from interfaces.services import Services

app = typer.Typer(help="Replay the audit trail.", no_args_is_help=True)
app.command("diff")(diff.diff)
app.command("trace")(trace.trace)
app.command("export")(export.export)
app.command("verify")(chain.verify)
app.command("seal")(chain.seal)
app.command("public-key")(chain.public_key)

Stream = Annotated[str, typer.Argument(help="A stream id, like run-42.")]


@app.command("history")
def history(stream: Stream, as_json: AsJson = False) -> None:
    """Show every event of a stream, redacted where neutralized.

    Exits 1 if there is no such stream.

    Example: annals audit history run-42
    """

    async def read(services: Services) -> Sequence[EventView]:
        return [show_event(recorded) for recorded in await services.store.history(stream)]

    events = with_services(read)
    if as_json:
        print_json(events)
    else:
        _show_history(stream, events)


@app.command("state")
def state(
    stream: Stream,
    version: Annotated[int | None, typer.Option(min=1, help="As of this version.")] = None,
    at: Annotated[str | None, typer.Option(help="As of this moment, in ISO 8601.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show an aggregate's state at a version, at a moment, or now.

    Exits 1 if there is no such stream, or it had no such version or no event then.

    Example: annals audit state run-42 --version 3
    """
    if version is not None and at is not None:
        raise typer.BadParameter("must not be given together with --version", param_hint="--at")
    moment = _moment(at)
    shown = with_services(
        lambda services: state_as_of(services.store, stream, version=version, at=moment)
    )
    if as_json:
        print_json(shown)
        return
    console.print(f"[bold]{shown.stream_id}[/] ({shown.type}) at version {shown.version}")
    console.print_json(msgspec.json.encode(shown.state).decode())


def _show_history(stream: str, events: Sequence[EventView]) -> None:
    """Print each event as a head line with its data below, as JSON: that escapes controls."""
    console.print(f"[bold]{escape(stream)}[/]: {len(events)} events", highlight=False)
    for event in events:
        moment = event.recorded_at.isoformat(sep=" ", timespec="seconds")
        console.print(
            f"\n[bold]{event.version}[/] [cyan]{event.type}[/] "
            f"at position {event.position}, {moment}, by {escape(event.actor)}",
            highlight=False,
            soft_wrap=True,
        )
        console.print(Text(f"    {_cause(event)}", "dim"), soft_wrap=True)
        for name, value in event.data.items():
            line = Text(f"    {name}: {msgspec.json.encode(value).decode()}")
            line.highlight_words([REDACTED], "bold red")
            console.print(line, soft_wrap=True)


def _cause(event: EventView) -> str:
    """Name the chain that the event belongs to, and what it came of."""
    cause = f"of chain {event.correlation_id}"
    if event.request_id not in (None, event.correlation_id):
        cause += f", request {event.request_id}"
    if event.causation_id is not None:
        cause += f", because of event {event.causation_id}"
    return cause


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from None

"""``annals audit diff``: what became of an aggregate between two versions or moments."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape
from rich.text import Text

from application.differences import Change, StreamDiff, difference
from domain.personal import REDACTED
from interfaces.cli.output import AsJson, console, print_json
from interfaces.cli.running import with_services
from interfaces.moments import parse_point

MARKS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red")}


def diff(
    stream: Annotated[str, typer.Argument(help="A stream id, like run-42.")],
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help="A version, or a moment in ISO 8601. Default: the one before --to."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="A version, or a moment in ISO 8601. Default: now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show which fields of an aggregate changed between two points, and by which events.

    Version 0 is before the first event. Fields are named by JSON pointers.

    Exits 1 if there is no such stream or version, or --from is after --to.

    Example: annals audit diff run-42 --from 3 --to 2026-11-22T06:00:00Z
    """
    points = point("--from", since), point("--to", until)
    shown = with_services(
        lambda services: difference(services.store, stream, since=points[0], until=points[1])
    )
    if as_json:
        print_json(shown)
    else:
        _show(shown)


def point(option: str, text: str | None) -> int | datetime | None:
    """Read an option that is a whole number or a moment. Raises typer.BadParameter."""
    if text is None:
        return None
    try:
        return parse_point(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _show(diff: StreamDiff) -> None:
    console.print(
        f"[bold]{escape(diff.stream_id)}[/] ({diff.type}) "
        f"from version {diff.from_version} to {diff.to_version}",
        highlight=False,
    )
    for event in diff.events:
        console.print(
            f"    [bold]{event.version}[/] [cyan]{event.type}[/] "
            f"{event.recorded_at.isoformat(sep=' ', timespec='seconds')} by {escape(event.actor)}",
            highlight=False,
            soft_wrap=True,
        )
    for change in diff.changes:
        console.print(_line(change), soft_wrap=True)
    if not diff.changes:
        console.print("No field that can be read is different")
    for path in diff.redacted:
        console.print(_marked(f"? {_plain(path)}: {REDACTED} before and after"), soft_wrap=True)


def _line(change: Change) -> Text:
    mark, style = MARKS[change.kind]
    values = {
        "added": [change.new],
        "changed": [change.old, change.new],
        "removed": [change.old],
    }[change.kind]
    line = _marked(f"{mark} {_plain(change.path)}: {' -> '.join(map(_json, values))}")
    line.stylize(style, 0, 1)
    return line


def _marked(text: str) -> Text:
    line = Text(text)
    line.highlight_words([REDACTED], "bold red")
    return line


def _plain(path: str) -> str:
    """Give a path, whose names anybody may have chosen, without control characters."""
    return _json(path)[1:-1]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()

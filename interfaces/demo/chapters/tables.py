"""The tables of the chapters about one person: what was known before, and what is known after."""

from datetime import datetime
from itertools import zip_longest
from typing import Any

from rich.table import Table

from interfaces.demo.story import table, value
from interfaces.demo.traces import Traces

Event = dict[str, Any]

RUN_FIELDS = ("entity_id", "entity_name", "status", "is_neutralized")
EVENT_FIELDS = ("entity_id", "entity_name", "reason")


def history_table(events: list[Event]) -> Table:
    """Show a stream's events, each with what it tells of the person."""
    shown = table("#", "recorded", "event", "what it tells")
    for event in events:
        told = "\n".join(f"{name}: {what}" for name, what in _told(event).items())
        moment = datetime.fromisoformat(event["recorded_at"])
        shown.add_row(str(event["version"]), f"{moment:%H:%M:%S}", event["type"], value(told))
    return shown


def compare_runs(before: dict[str, Any], after: dict[str, Any]) -> Table:
    """Show a run before and after."""
    shown = table("field", "before", "after")
    for name in RUN_FIELDS:
        shown.add_row(name, value(before[name]), value(after[name]))
    for name, what in before["meta"].items():
        shown.add_row(f"meta.{name}", value(what), value(after["meta"].get(name)))
    return shown


def compare_histories(before: list[Event], after: list[Event]) -> Table:
    """Show a stream's events before and after, field by field."""
    shown = table("#", "event", "field", "before", "after")
    shown.columns[-1].max_width = 10  # the column before needs the room, on a narrow terminal
    for earlier, later in zip_longest(before, after):
        known = _told(earlier) if earlier is not None else {}
        place = (str(later["version"]), later["type"])
        for name, what in _told(later).items() or [("", "")]:
            was = value(known[name]) if name in known else ""
            shown.add_row(*place, name, was, value(what))
            place = ("", "")
    return shown


def compare_traces(before: Traces, after: Traces) -> Table:
    """Show where the person was found before and after."""
    shown = table("looked through", "found before", "found after")
    shown.add_row("answers of the API", _answers(before), _answers(after))
    shown.add_row("searches for runs", _searches(before), _searches(after))
    shown.add_row("tables of the database", _tables(before), _tables(after))
    shown.add_row("logs", _logs(before), _logs(after))
    return shown


def _answers(traces: Traces) -> str:
    return f"in {len(traces.answers_found)} of {traces.answers}"


def _searches(traces: Traces) -> str:
    return f"by {traces.searches_found} of {traces.searches}"


def _tables(traces: Traces) -> str:
    names = ", ".join(traces.tables_found)
    return f"in {len(traces.tables_found)} of {traces.tables}" + (f": {names}" if names else "")


def _logs(traces: Traces) -> str:
    return f"in {len(traces.logs_found)} of {traces.logs}"


def _told(event: Event) -> dict[str, Any]:
    """Give what an event tells of the person, and what is left to tell after erasure."""
    data = event["data"]
    told = {name: data[name] for name in EVENT_FIELDS if name in data}
    return told | (data.get("personal_meta") or {}) | (data.get("meta") or {})

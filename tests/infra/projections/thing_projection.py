"""The read model that the projector is tested with: things, with a counter that must not err."""

from pathlib import Path
from typing import Any

import msgspec

from domain.events import Recorded
from projections.projection import Projection, Touched
from projections.table import Rows, Table
from tests.infra.event_store.thing import ThingForgotten, ThingGiven, ThingMade, ThingNoted

SCHEMA = Path(__file__).with_name("things.sql")


class ThingRow(msgspec.Struct):
    id: str
    label: str
    owner: str | None
    notes: int = 0


class EntryRow(msgspec.Struct):
    position: int
    note: str


THINGS = Table("things", ThingRow, key="id")
ENTRIES = Table("entries", EntryRow, key="position")


class HandlerError(Exception):
    """What a handler raises that is at a loss."""


def thing_projection(
    name: str = "things", *, version: int = 1, at_a_loss_with: frozenset[str] = frozenset()
) -> Projection:
    """Make a projection of things whose handlers are at a loss with some notes and owners."""
    things = Projection(name, version=version, schema=SCHEMA, tables=(THINGS, ENTRIES))

    @things.on(ThingMade)
    def made(recorded: Recorded[ThingMade], rows: Rows) -> None:
        event = recorded.event
        _check(event.owner)
        rows.add(THINGS, ThingRow(recorded.stream_id, event.label, event.owner))

    @things.on(ThingNoted, touches=_itself)
    def noted(recorded: Recorded[ThingNoted], rows: Rows) -> None:
        note = recorded.event.note
        _check(note)
        rows.edit(THINGS, recorded.stream_id).notes += 50 if note == "too many" else 1
        rows.add(ENTRIES, EntryRow(recorded.position, note))

    @things.on(ThingGiven, touches=_itself)
    def given(recorded: Recorded[ThingGiven], rows: Rows) -> None:
        _check(recorded.event.owner)
        rows.edit(THINGS, recorded.stream_id).owner = recorded.event.owner

    @things.on(ThingForgotten, touches=_itself)
    def forgotten(recorded: Recorded[ThingForgotten], rows: Rows) -> None:
        _check("forgetting")
        rows.edit(THINGS, recorded.stream_id).owner = None

    def _check(told: str | None) -> None:
        if told in at_a_loss_with:
            raise HandlerError(f"what to do with {told}, that is {told!r} or {str(told).upper()}?")

    return things


def _itself(recorded: Recorded[Any]) -> Touched:
    return [(THINGS, recorded.stream_id)]

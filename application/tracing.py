"""Chains of causes: what led to what, across streams."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from application.errors import NotFoundError
from application.ports import EventStore

# More than anybody reads; a client may give all its requests the same correlation id.
LONGEST = 5000


class Link(Protocol):
    """An event of a chain, without its content."""

    position: int
    stream_id: str
    version: int
    type: str
    recorded_at: datetime
    actor: str
    causation_id: str | None
    request_id: str | None


class Chains(Protocol):
    """Knows which events belong to a chain."""

    async def chain(self, correlation_id: str, limit: int) -> Sequence[Link]:
        """Give the first events of a chain, oldest first."""
        ...


class TracedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event, and those that it caused: what followed from it in the background."""

    event_id: str
    position: int
    stream_id: str
    version: int
    type: str
    recorded_at: datetime
    actor: str
    caused: list["TracedEvent"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What no event of the chain caused: a request, or what Annals or an operator began by itself.

    ``causation_id`` is the event that caused it where that is not in the chain.
    """

    actor: str
    request_id: str | None
    causation_id: str | None
    events: list[TracedEvent]


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """A whole chain of causes; ``is_complete`` is false where it is longer than what is shown."""

    correlation_id: str
    events: int
    is_complete: bool
    origins: list[Origin]


async def trace(store: EventStore, chains: Chains, correlation_id: str) -> Trace:
    """Show what led to what in a chain. Raises NotFoundError if it has no event."""
    links = await chains.chain(correlation_id, LONGEST + 1)
    if not links:
        raise NotFoundError(f"No event has the correlation id {correlation_id}")
    shown = links[:LONGEST]
    event_ids = await store.event_ids([link.position for link in shown])
    return Trace(
        correlation_id=correlation_id,
        events=len(shown),
        is_complete=len(links) <= LONGEST,
        origins=_origins(shown, event_ids),
    )


def _origins(links: Sequence[Link], event_ids: Mapping[int, str]) -> list[Origin]:
    """Hang each event beneath its cause, which always stands before it in the log."""
    known: dict[str, TracedEvent] = {}
    origins: dict[tuple[str, str | None, str | None], Origin] = {}
    for link in links:
        event = _traced(link, event_ids[link.position])
        cause = known.get(link.causation_id) if link.causation_id is not None else None
        if cause is not None:
            cause.caused.append(event)
        else:
            begun = (link.actor, link.request_id, link.causation_id)
            origin = origins.setdefault(begun, _origin(link))
            origin.events.append(event)
        known[event.event_id] = event
    return list(origins.values())


def _traced(link: Link, event_id: str) -> TracedEvent:
    return TracedEvent(
        event_id=event_id,
        position=link.position,
        stream_id=link.stream_id,
        version=link.version,
        type=link.type,
        recorded_at=link.recorded_at,
        actor=link.actor,
        caused=[],
    )


def _origin(link: Link) -> Origin:
    return Origin(
        actor=link.actor,
        request_id=link.request_id,
        causation_id=link.causation_id,
        events=[],
    )

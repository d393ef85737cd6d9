"""How events are shown to auditors: redacted where neutralized, and without secrets."""

from datetime import datetime
from typing import Any

import msgspec

from application.errors import NotFoundError
from application.ports import EventStore
from domain.aggregate import Aggregate
from domain.events import DomainEvent, Recorded
from domain.personal import REDACTED, Protection, protected_fields, redact

_STRUCTURE = ("originator_id", "originator_version", "originator_topic", "timestamp")


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is shown (contract section 11)."""

    position: int
    stream_id: str
    version: int
    type: str
    recorded_at: datetime
    actor: str
    correlation_id: str
    causation_id: str | None
    request_id: str | None
    data: dict[str, Any]
    redacted: bool


class StateView(msgspec.Struct, frozen=True, kw_only=True):
    """An aggregate's state as it was at a version."""

    stream_id: str
    type: str
    version: int
    state: dict[str, Any]
    redacted: bool


def show_event(recorded: Recorded[DomainEvent]) -> EventView:
    """Show an event; secrets are never shown."""
    event, metadata = recorded.event, recorded.metadata
    data: dict[str, Any] = msgspec.to_builtins(event)
    for name in _STRUCTURE:
        data.pop(name, None)
    for name, protection in protected_fields(type(event)).items():
        if protection is Protection.SECRET:
            data[name] = redact(data[name])
    return EventView(
        position=recorded.position,
        stream_id=recorded.stream_id,
        version=recorded.version,
        type=recorded.topic,
        recorded_at=recorded.recorded_at,
        actor=metadata.actor,
        correlation_id=metadata.correlation_id,
        causation_id=metadata.causation_id,
        request_id=metadata.request_id,
        data=data,
        redacted=recorded.redacted,
    )


async def state_as_of(
    store: EventStore, stream_id: str, *, version: int | None = None, at: datetime | None = None
) -> StateView:
    """Show an aggregate's state as it was at a version, at a moment, or is now.

    Raises NotFoundError if the stream has no such version, or had no event at that moment.
    """
    try:
        aggregate = await store.load_as_of(stream_id, version=version, at=at)
    except NotFoundError:
        if at is None:
            raise
        await store.history(stream_id)
        raise NotFoundError(f"Stream {stream_id} had no event at {at.isoformat()}") from None
    if version is not None and version != aggregate.version:
        raise NotFoundError(
            f"Stream {stream_id} has no version {version}: its last is {aggregate.version}"
        )
    return show_state(aggregate)


def show_state(aggregate: Aggregate) -> StateView:
    """Show an aggregate's state; secrets are never shown."""
    state: dict[str, Any] = msgspec.to_builtins(aggregate.state, order="deterministic")
    kind: type[msgspec.Struct] = type(aggregate.state)  # the class attribute is shadowed
    for name, protection in protected_fields(kind).items():
        if protection is Protection.SECRET:
            state[name] = redact(state[name])
    return StateView(
        stream_id=aggregate.id,
        type=aggregate.TOPIC,
        version=aggregate.version,
        state=state,
        redacted=_mentions_redacted(state),
    )


def _mentions_redacted(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_mentions_redacted(item) for item in value.values())
    if isinstance(value, list):
        return any(_mentions_redacted(item) for item in value)
    return bool(value == REDACTED)

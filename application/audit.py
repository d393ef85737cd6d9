"""How events are shown to auditors: redacted where neutralized, and without secrets."""

from datetime import datetime
from typing import Any

import msgspec

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


def show_state(aggregate: Aggregate) -> StateView:
    """Show an aggregate's state; secrets are never shown."""
    state: dict[str, Any] = msgspec.to_builtins(aggregate.state)
    for name, protection in protected_fields(aggregate.STATE).items():
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

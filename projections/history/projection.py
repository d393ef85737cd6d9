"""The audit history: for every event who caused it, when, and through which request."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from domain.events import Recorded
from projections.projection import Projection
from projections.table import Rows, Table


class EntryRow(msgspec.Struct):
    """One event's place, author and cause; its content stays in the log."""

    position: int
    stream_id: str
    version: int
    type: str
    recorded_at: datetime
    actor: str
    correlation_id: str
    causation_id: str | None
    request_id: str | None


ENTRIES = Table("entries", EntryRow, key="position")

history = Projection(
    "history", version=1, schema=Path(__file__).with_name("schema.sql"), tables=(ENTRIES,)
)


@history.on_every_event
def event_recorded(recorded: Recorded[Any], rows: Rows) -> None:
    """Enter the event."""
    metadata = recorded.metadata
    rows.add(
        ENTRIES,
        EntryRow(
            position=recorded.position,
            stream_id=recorded.stream_id,
            version=recorded.version,
            type=recorded.topic,
            recorded_at=recorded.recorded_at,
            actor=metadata.actor,
            correlation_id=metadata.correlation_id,
            causation_id=metadata.causation_id,
            request_id=metadata.request_id,
        ),
    )

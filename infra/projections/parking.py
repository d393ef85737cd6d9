"""Streams that a projection cannot follow: kept with event, error and trace for an operator."""

import traceback
from typing import Any

import msgspec
from psycopg import AsyncConnection

from domain.events import DomainEvent, Recorded
from domain.personal import REDACTED, protected_fields

PARKED = "SELECT stream_id FROM parked_streams WHERE projection = %s"

PARK = """
INSERT INTO parked_streams (projection, stream_id, position, version, topic, error, trace)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (projection, stream_id) DO NOTHING
"""

NOTE_ERROR = "UPDATE checkpoints SET last_error = %s WHERE projection = %s"


async def parked_streams(connection: AsyncConnection, projection: str) -> set[str]:
    """Name the streams that the projection has parked."""
    cursor = await connection.execute(PARKED, (projection,))
    return {row[0] for row in await cursor.fetchall()}


async def park(
    connection: AsyncConnection,
    projection: str,
    recorded: Recorded[DomainEvent],
    error: Exception,
) -> None:
    """Park the event's stream in the projection. No protected value is kept with the error."""
    message = _without_protected(recorded, f"{type(error).__name__}: {error}")
    trace = _without_protected(recorded, "".join(traceback.format_exception(error)))
    place = (recorded.stream_id, recorded.position, recorded.version, recorded.topic)
    async with connection.transaction():
        await connection.execute(PARK, (projection, *place, message, trace))
        await connection.execute(
            NOTE_ERROR,
            (f"{recorded.stream_id} parked at {recorded.position}: {message}", projection),
        )


def _without_protected(recorded: Recorded[DomainEvent], text: str) -> str:
    event = recorded.event
    values = [getattr(event, name) for name in protected_fields(type(event))]
    for value in sorted(_strings(values), key=len, reverse=True):
        text = text.replace(value, REDACTED)
    return text.replace("\x00", "")


def _strings(value: Any) -> set[str]:
    value = msgspec.to_builtins(value)
    if isinstance(value, str):
        return {value} if value else set()
    if isinstance(value, dict):
        return {part for item in value.items() for part in _strings(list(item))}
    if isinstance(value, list):
        return {part for item in value for part in _strings(item)}
    return {str(value)} if value is not None and not isinstance(value, bool) else set()

"""Streams that a projection cannot follow: kept with event, error and trace for an operator."""

import re
import traceback
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg import AsyncConnection

from domain.events import DomainEvent, Recorded
from domain.personal import REDACTED, protected_fields
from infra.event_store.reader import Unreadable
from infra.projections.held import Held
from infra.projections.installation import SupersededError

log = structlog.get_logger(__name__)

PARK = """
INSERT INTO parked_streams (
    projection, projection_version, copy, stream_id, position, version, topic, error, trace
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (projection, projection_version, copy, stream_id) DO UPDATE
SET position = excluded.position,
    version = excluded.version,
    topic = excluded.topic,
    error = excluded.error,
    trace = excluded.trace,
    parked_at = now()
"""

NOTE_ERROR = """
UPDATE checkpoints
SET last_error = %s
WHERE projection = %s AND version = %s AND copy = %s AND revision = %s
"""


async def park(
    connection: AsyncConnection,
    held: Held,
    entry: Recorded[DomainEvent] | Unreadable,
    error: Exception,
) -> None:
    """Park the event's stream. No protected value is kept with the error.

    Raises SupersededError if the follower is no longer as it is held here.
    """
    message = told_safely(entry, error)
    place = (held.follower.name, held.follower.version, held.copy)
    async with connection.transaction():
        noted = await connection.execute(
            NOTE_ERROR,
            (f"{entry.stream_id} parked at {entry.position}: {message}", *place, held.revision),
        )
        if not noted.rowcount:
            raise SupersededError
        event = (entry.stream_id, entry.position, entry.version, entry.topic)
        await connection.execute(PARK, (*place, *event, message, _trace(error)))
    held.parked.add(entry.stream_id)
    log.error(
        "stream_parked",
        projection=held.schema,
        stream=entry.stream_id,
        position=entry.position,
        error=type(error).__name__,
    )


def told_safely(entry: Recorded[DomainEvent] | Unreadable, error: Exception) -> str:
    """Say why an event could not be applied, with no protected value of it."""
    message = f"{type(error).__name__}: {_message(error)}"
    if isinstance(entry, Recorded):
        message = _without_protected(message, entry.event)
    return message.replace("\x00", "")


def _message(error: Exception) -> str:
    """Say what went wrong; of PostgreSQL's errors without the detail, which shows whole rows."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary is not None:
        return error.diag.message_primary
    return str(error)


def _trace(error: BaseException) -> str:
    """Show the way to the error and to its causes: places and types, and no values."""
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    before = f"{_trace(cause)}\nand from there:\n\n" if cause is not None else ""
    return f"{before}{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}\n"


def _without_protected(text: str, event: DomainEvent) -> str:
    """Take the protected values out of a text, however they are written in it, and their words."""
    values = _strings([getattr(event, name) for name in protected_fields(type(event))])
    words = {word for value in values for word in re.findall(r"\w{3,}", value)}
    written = {form for value in values | words for form in (value, repr(value)[1:-1])}
    if not written:
        return text
    longest_first = sorted(map(re.escape, written), key=len, reverse=True)
    return re.sub("|".join(longest_first), REDACTED, text, flags=re.IGNORECASE)


def _strings(value: Any) -> set[str]:
    value = msgspec.to_builtins(value)
    if isinstance(value, str):
        return {value} if value else set()
    if isinstance(value, dict):
        return {part for item in value.items() for part in _strings(list(item))}
    if isinstance(value, list):
        return {part for item in value for part in _strings(item)}
    return {str(value)} if value is not None and not isinstance(value, bool) else set()

"""Streams that a projection cannot follow: kept with event, error and trace for an operator."""

import re
import traceback
from typing import Any

import msgspec
import psycopg
from psycopg import AsyncConnection

from domain.events import DomainEvent, Recorded
from domain.personal import REDACTED, protected_fields
from infra.event_store.reader import Unreadable
from infra.projections.follower import Follower
from infra.projections.installation import SupersededError

PARKED = "SELECT stream_id FROM parked_streams WHERE projection = %s"

PARK = """
INSERT INTO parked_streams (projection, stream_id, position, version, topic, error, trace)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (projection, stream_id) DO NOTHING
"""

NOTE_ERROR = "UPDATE checkpoints SET last_error = %s WHERE projection = %s AND version = %s"


async def parked_streams(connection: AsyncConnection, projection: str) -> set[str]:
    """Name the streams that the projection has parked."""
    cursor = await connection.execute(PARKED, (projection,))
    return {row[0] for row in await cursor.fetchall()}


async def park(
    connection: AsyncConnection,
    follower: Follower,
    entry: Recorded[DomainEvent] | Unreadable,
    error: Exception,
) -> None:
    """Park the event's stream. No protected value is kept with the error.

    Raises SupersededError if the projection or subscription is installed in another version.
    """
    message = f"{type(error).__name__}: {_message(error)}"
    if isinstance(entry, Recorded):
        message = _without_protected(message, entry.event)
    message = message.replace("\x00", "")
    place = (entry.stream_id, entry.position, entry.version, entry.topic)
    async with connection.transaction():
        noted = await connection.execute(
            NOTE_ERROR,
            (
                f"{entry.stream_id} parked at {entry.position}: {message}",
                follower.name,
                follower.version,
            ),
        )
        if not noted.rowcount:
            raise SupersededError
        await connection.execute(PARK, (follower.name, *place, message, _trace(error)))


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

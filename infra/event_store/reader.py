"""Reading the log: one stream, or everything after a position, in batches."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from application.tailing import EventFilter
from domain.events import DomainEvent, Recorded
from infra.event_store.codec import decode
from infra.event_store.errors import CorruptEventError
from infra.event_store.keys import Keyring
from infra.event_store.record import StoredRecord

_COLUMNS = """
    e.originator_id, e.originator_version, e.topic, e.schema_version, e.event_id,
    e.metadata::text, e.state, e.subject, e.protected, e.notification_id, e.recorded_at,
    k.wrapped_key, k.master_key_id
FROM events AS e
LEFT JOIN subject_keys AS k ON k.subject = e.subject
"""

STREAM = f"""
SELECT {_COLUMNS}
WHERE e.originator_id = %(stream_id)s
  AND e.originator_version > %(after)s
  AND e.originator_version <= COALESCE(%(to_version)s, 9223372036854775807)
  AND e.recorded_at <= COALESCE(%(at)s, 'infinity'::timestamptz)
ORDER BY e.originator_version
"""

STREAMS = f"""
SELECT {_COLUMNS}
WHERE e.originator_id = ANY(%s)
ORDER BY e.notification_id
"""

HEAD = "SELECT position FROM log_head"

EVENT_IDS = "SELECT notification_id, event_id FROM events WHERE notification_id = ANY(%s)"

WINDOW = f"""
SELECT {_COLUMNS}
WHERE e.notification_id > %(after)s
  AND e.notification_id <= %(to)s
  AND (%(types)s::text[] IS NULL OR e.topic = ANY(%(types)s))
  AND (%(categories)s::text[] IS NULL OR split_part(e.originator_id, '-', 1) = ANY(%(categories)s))
ORDER BY e.notification_id
"""

_WANTED = """
    (%(stream)s::text IS NULL OR e.originator_id = %(stream)s)
AND (%(category)s::text IS NULL OR split_part(e.originator_id, '-', 1) = %(category)s)
AND (%(types)s::text[] IS NULL OR e.topic = ANY(%(types)s))
AND (%(actor)s::text IS NULL OR e.metadata ->> 'actor' = %(actor)s)
AND (%(correlation_id)s::text IS NULL OR e.metadata ->> 'correlation_id' = %(correlation_id)s)
"""

# The last column is how many bytes were found up to a row; the first is there, however large.
SEARCH = f"""
SELECT *
FROM (
    SELECT found.*, sum(found.size) OVER (ORDER BY found.notification_id)::bigint AS bytes
    FROM (
        SELECT octet_length(e.state) + COALESCE(octet_length(e.protected), 0) AS size, {_COLUMNS}
        WHERE e.notification_id > %(after)s AND e.notification_id <= %(to)s AND {_WANTED}
    ) AS found
) AS found
WHERE bytes - size < %(max_bytes)s
ORDER BY notification_id
LIMIT %(limit)s
"""  # noqa: S608 - put together from constants

BEFORE_LAST = f"""
SELECT COALESCE(min(last.notification_id) - 1, (SELECT position FROM log_head))
FROM (
    SELECT e.notification_id
    FROM events AS e
    WHERE {_WANTED}
    ORDER BY e.notification_id DESC
    LIMIT %(count)s
) AS last
"""  # noqa: S608 - put together from constants


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is in the log and cannot be read, with its place and the reason."""

    stream_id: str
    version: int
    position: int
    topic: str
    error: CorruptEventError


class LogPage(msgspec.Struct, frozen=True):
    """Some of the log: what was asked for, and the position that was read up to.

    ``size`` is how many bytes of it are stored, where that was asked for.
    """

    entries: list[Recorded[DomainEvent] | Unreadable]
    position: int
    head: int
    size: int = 0

    @property
    def events(self) -> list[Recorded[DomainEvent]]:
        """The events. Raises CorruptEventError if one of them cannot be read."""
        events = []
        for entry in self.entries:
            if isinstance(entry, Unreadable):
                raise entry.error
            events.append(entry)
        return events


class LogReader:
    """Reads events from the database, decrypted where their subject's key still exists."""

    def __init__(self, pool: AsyncConnectionPool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    async def stream(
        self,
        stream_id: str,
        *,
        after: int = 0,
        to_version: int | None = None,
        at: datetime | None = None,
        connection: AsyncConnection | None = None,
    ) -> list[Recorded[DomainEvent]]:
        """Read one stream: after a version, up to a version, up to a moment."""
        arguments = {"stream_id": stream_id, "after": after, "to_version": to_version, "at": at}
        rows = await self._stream(arguments, connection)
        return [decode(_record(row), self._keyring) for row in rows]

    async def entries(
        self,
        stream_id: str,
        *,
        after: int = 0,
        to_version: int | None = None,
        connection: AsyncConnection,
    ) -> list[Recorded[DomainEvent] | Unreadable]:
        """Read one stream: after a version, up to a version, with what cannot be read of it."""
        arguments = {"stream_id": stream_id, "after": after, "to_version": to_version, "at": None}
        return [self._entry(row) for row in await self._stream(arguments, connection)]

    async def event_ids(self, positions: Sequence[int]) -> dict[int, str]:
        """Give the ids of the events at some positions."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(EVENT_IDS, (list(positions),))
            return {position: str(event_id) for position, event_id in await cursor.fetchall()}

    async def page(
        self,
        after: int,
        size: int,
        *,
        types: Sequence[str] | None = None,
        categories: Sequence[str] | None = None,
        connection: AsyncConnection | None = None,
    ) -> LogPage:
        """Read the next ``size`` positions, of them the events of the given types and categories.

        The page's position moves over the events that were not asked for.
        """
        if connection is None:
            async with self._pool.connection() as pooled:
                return await self.page(
                    after, size, types=types, categories=categories, connection=pooled
                )
        cursor = connection.cursor(binary=True)
        await cursor.execute(HEAD, prepare=True)
        row = await cursor.fetchone()
        assert row is not None
        head: int = row[0]
        to = min(after + size, head)
        if to <= after:
            return LogPage([], after, head)
        arguments = {
            "after": after,
            "to": to,
            "types": list(types) if types is not None else None,
            "categories": list(categories) if categories is not None else None,
        }
        await cursor.execute(WINDOW, arguments, prepare=True)
        return LogPage([self._entry(row) for row in await cursor.fetchall()], to, head)

    async def search(
        self, after: int, window: int, wanted: EventFilter, *, limit: int, max_bytes: int
    ) -> LogPage:
        """Read the wanted events of the next ``window`` positions, so many of them at most.

        The page ends with the first event by which it has ``max_bytes`` or more.
        """
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(HEAD)
            [head] = await cursor.fetchone() or (0,)
            to = min(after + window, head)
            if to <= after:
                return LogPage([], after, head)
            arguments = msgspec.structs.asdict(wanted) | {
                "types": list(wanted.types) if wanted.types is not None else None,
                "after": after,
                "to": to,
                "limit": limit,
                "max_bytes": max_bytes,
            }
            await cursor.execute(SEARCH, arguments)
            rows = await cursor.fetchall()
        entries = [self._entry(row[1:-1]) for row in rows]
        size = rows[-1][-1] if rows else 0
        is_cut = len(rows) == limit or size >= max_bytes
        return LogPage(entries, entries[-1].position if is_cut else to, head, size)

    async def before_last(self, count: int, wanted: EventFilter) -> int:
        """Give the position before the last ``count`` wanted events; without any, the head."""
        types = list(wanted.types) if wanted.types is not None else None
        arguments = msgspec.structs.asdict(wanted) | {"types": types, "count": count}
        async with self._pool.connection() as connection:
            row = await (await connection.execute(BEFORE_LAST, arguments)).fetchone()
        assert row is not None
        position: int = row[0]
        return position

    async def after(
        self,
        position: int,
        *,
        size: int = 1000,
        types: Sequence[str] | None = None,
        categories: Sequence[str] | None = None,
    ) -> AsyncIterator[LogPage]:
        """Read the log to its end, page by page; memory holds one page at a time."""
        while True:
            page = await self.page(position, size, types=types, categories=categories)
            yield page
            position = page.position
            if position >= page.head:
                return

    async def _stream(
        self, arguments: dict[str, Any], connection: AsyncConnection | None
    ) -> list[tuple[Any, ...]]:
        if connection is None:
            async with self._pool.connection() as pooled:
                return await self._stream(arguments, pooled)
        cursor = connection.cursor(binary=True)
        await cursor.execute(STREAM, arguments, prepare=True)
        return await cursor.fetchall()

    def _entry(self, row: tuple[Any, ...]) -> Recorded[DomainEvent] | Unreadable:
        record = _record(row)
        try:
            return decode(record, self._keyring)
        except CorruptEventError as error:
            return Unreadable(
                stream_id=record.stream_id,
                version=record.version,
                position=record.position,
                topic=record.topic,
                error=error,
            )


async def stored_records(
    connection: AsyncConnection, stream_ids: Sequence[str]
) -> AsyncIterator[StoredRecord]:
    """Read streams as they are stored, in the order of the log; needs a transaction."""
    async with connection.cursor(name="stored_records") as cursor:
        await cursor.execute(STREAMS, (list(stream_ids),), binary=True)
        async for row in cursor:
            yield _record(row)


def _record(row: tuple[Any, ...]) -> StoredRecord:
    return StoredRecord(
        stream_id=row[0],
        version=row[1],
        topic=row[2],
        schema_version=row[3],
        event_id=row[4],
        metadata=row[5],
        state=row[6],
        subject=row[7],
        protected=row[8],
        position=row[9],
        recorded_at=row[10],
        wrapped_key=row[11],
        master_key_id=row[12],
    )

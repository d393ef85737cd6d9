"""The log as auditors take it out."""

from collections.abc import AsyncIterator
from datetime import datetime

from psycopg import AsyncCursor
from psycopg_pool import AsyncConnectionPool

from application.exporting import ExportedPage, Place, Stretch
from application.tailing import EventFilter, shown
from infra.event_store.reader import LogReader
from infra.event_store.tail import MAX_BYTES, entry_of

PAGE_SIZE = 2000

HEAD = "SELECT position FROM log_head"

# Times ascend with the positions, and have no index of their own.
RECORDED_AT = """
SELECT recorded_at
FROM events
WHERE notification_id >= %s
ORDER BY notification_id
LIMIT 1
"""


class PostgresEventArchive:
    """Implements the application's EventArchive port."""

    def __init__(self, pool: AsyncConnectionPool, reader: LogReader) -> None:
        self._pool = pool
        self._reader = reader

    async def stretch(self, since: Place | None, until: Place | None) -> Stretch:
        """Find what was recorded from a place to another, both included; now is the end."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(HEAD)
            row = await cursor.fetchone()
            assert row is not None
            head: int = row[0]
            if isinstance(since, datetime):
                after = await _last(cursor, head, since, inclusive=False)
            else:
                after = max((since or 1) - 1, 0)
            if isinstance(until, datetime):
                to = await _last(cursor, head, until, inclusive=True)
            else:
                to = head if until is None else min(until, head)
        return Stretch(after, to)

    async def pages(self, stretch: Stretch, wanted: EventFilter) -> AsyncIterator[ExportedPage]:
        """Give the wanted events of a stretch in order; memory holds one page at a time."""
        position = stretch.after
        while position < stretch.to:
            size = min(PAGE_SIZE, stretch.to - position)
            page = await self._reader.search(
                position, size, wanted, limit=size, max_bytes=MAX_BYTES
            )
            if page.position <= position:
                return  # the log was cut meanwhile
            position = page.position
            yield ExportedPage([shown(entry_of(e)) for e in page.entries], position)


async def _last(
    cursor: AsyncCursor[tuple[datetime]], head: int, moment: datetime, *, inclusive: bool
) -> int:
    """Give the last position that was recorded before a moment, or at it; 0 if none was."""
    before, beyond = 0, head + 1
    while before + 1 < beyond:
        middle = (before + beyond) // 2
        await cursor.execute(RECORDED_AT, (middle,))
        row = await cursor.fetchone()
        assert row is not None
        if row[0] < moment or (inclusive and row[0] == moment):
            before = middle
        else:
            beyond = middle
    return before

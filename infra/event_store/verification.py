"""Recomputing the hash chain over what is stored."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from psycopg import AsyncCursor
from psycopg_pool import AsyncConnectionPool

from application.ports import Verification
from infra.event_store.chain import GENESIS, link
from infra.event_store.record import EventRecord

BATCH_SIZE = 5000

HEAD = "SELECT position, hash FROM log_head"

BATCH = """
SELECT notification_id,
       CASE WHEN recorded_at BETWEEN '0001-01-02' AND '9999-12-30' THEN recorded_at END,
       hash, originator_id, originator_version, topic,
       schema_version, event_id, metadata::text, state, subject, protected
FROM events
WHERE notification_id > %s
ORDER BY notification_id
LIMIT %s
"""

FIRST = "SELECT min(notification_id) FROM events"

FIRST_BEYOND = "SELECT min(notification_id) FROM events WHERE notification_id > %s"


class PostgresChainVerifier:
    """Implements the application's ChainVerifier port.

    The log may grow meanwhile: what is verified is the log up to the head as it was at the start.
    """

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def progress(self) -> AsyncIterator[Verification]:
        """Verify from the first position on; the last item is the outcome."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            head, head_hash = await _head(cursor)
            await cursor.execute(FIRST)
            first = await _position(cursor)
            if first is not None and first < 1:
                yield _broken(head, first, "an event stands before the log's first position")
                return
            position, hash_ = 0, GENESIS
            while position < head:
                await cursor.execute(BATCH, (position, min(BATCH_SIZE, head - position)))
                rows = await cursor.fetchall()
                position, hash_, problem = _follow(rows, position, hash_)
                if problem is not None:
                    yield _broken(head, position + 1, problem)
                    return
                yield Verification(valid=True, events_verified=position, head=head)
            if hash_ != head_hash:
                yield _broken(head, head, "the end of the log is not where the log's head says")
                return
            await cursor.execute(FIRST_BEYOND, (head,))
            beyond = await _position(cursor)
            if beyond is not None and (await _head(cursor))[0] == head:
                yield _broken(head, beyond, "an event stands beyond the log's head")
                return
            yield Verification(valid=True, events_verified=position, head=head)


async def _head(cursor: AsyncCursor[tuple[Any, ...]]) -> tuple[int, bytes]:
    await cursor.execute(HEAD)
    row = await cursor.fetchone()
    assert row is not None
    return row[0], bytes(row[1])


async def _position(cursor: AsyncCursor[tuple[Any, ...]]) -> int | None:
    row = await cursor.fetchone()
    assert row is not None
    position: int | None = row[0]
    return position


def _follow(
    rows: list[tuple[Any, ...]], position: int, hash_: bytes
) -> tuple[int, bytes, str | None]:
    """Follow the chain through some rows; give where it led to, and what is wrong behind that."""
    if not rows:
        return position, hash_, "the events from here to the log's head are missing"
    for stored_position, recorded_at, stored_hash, *columns in rows:
        if stored_position != position + 1:
            return position, hash_, f"event {position + 1} is missing"
        if recorded_at is None:
            return position, hash_, "the stored event has no time that Annals could have recorded"
        next_hash = link(hash_, position + 1, recorded_at, _record(columns))
        if next_hash != stored_hash:
            return position, hash_, "the stored event does not fit its hash"
        position, hash_ = position + 1, next_hash
    return position, hash_, None


def _broken(head: int, position: int, problem: str) -> Verification:
    return Verification(
        valid=False,
        events_verified=max(0, min(position - 1, head)),
        head=head,
        first_bad_position=position,
        problem=problem,
    )


def _record(columns: Sequence[Any]) -> EventRecord:
    return EventRecord(
        stream_id=columns[0],
        version=columns[1],
        topic=columns[2],
        schema_version=columns[3],
        event_id=columns[4],
        metadata=columns[5],
        state=columns[6],
        subject=columns[7],
        protected=columns[8],
    )

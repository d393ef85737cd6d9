"""Recomputing the hash chain over what is stored."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from psycopg import AsyncCursor
from psycopg_pool import AsyncConnectionPool

from application.verification import LogMark, Verification
from infra.event_store.chain import GENESIS, read_stored

BATCH_SIZE = 20_000

# After so many events, what else runs in this process has its turn.
TURN = 500

HEAD = "SELECT position, hash FROM log_head"

# In the order in which read_stored takes them.
BATCH = """
COPY (
    SELECT notification_id, originator_version, recorded_at, schema_version, event_id,
           originator_id, topic, metadata, state, subject, protected, hash
    FROM events
    WHERE notification_id > %s
    ORDER BY notification_id
    LIMIT %s
) TO STDOUT (FORMAT binary)
"""

# What stands before the first row and behind the last one (PostgreSQL's manual, COPY).
HEADER_BYTES = 19
TRAILER = b"\xff\xff"

FIRST = "SELECT min(notification_id) FROM events"

FIRST_BEYOND = "SELECT min(notification_id) FROM events WHERE notification_id > %s"


class PostgresChainVerifier:
    """Implements the application's ChainVerifier port.

    The log may grow meanwhile: what is verified is the log up to the head as it was at the start.
    """

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def head(self) -> LogMark:
        """Give where the log ends, as its head says; nothing is recomputed."""
        async with self._pool.connection() as connection:
            return await _head(connection.cursor(binary=True))

    async def progress(self, sealed: LogMark | None = None) -> AsyncIterator[Verification]:
        """Verify from the first position on; the last item is the outcome.

        With a mark, the log must be at least as long, and have the mark's hash at its position.
        """
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            end = await _head(cursor)
            head = end.position
            await cursor.execute(FIRST)
            first = await _position(cursor)
            if first is not None and first < 1:
                yield _broken(head, first, "an event stands before the log's first position")
                return
            reached = LogMark(0, GENESIS)
            for stop in (end,) if sealed is None else (sealed, end):
                while reached.position < min(stop.position, head):
                    size = min(BATCH_SIZE, min(stop.position, head) - reached.position)
                    reached, problem = await _follow(cursor, reached, size)
                    if problem is not None:
                        yield _broken(head, reached.position + 1, problem)
                        return
                    yield Verification(valid=True, events_verified=reached.position, head=head)
                if stop is sealed and reached != sealed:
                    yield _unlike(head, reached.position, sealed)
                    return
            if reached.hash != end.hash:
                yield _broken(head, head, "the end of the log is not where the log's head says")
                return
            await cursor.execute(FIRST_BEYOND, (head,))
            beyond = await _position(cursor)
            if beyond is not None and (await _head(cursor)).position == head:
                yield _broken(head, beyond, "an event stands beyond the log's head")
                return
            yield Verification(valid=True, events_verified=head, head=head)


async def _head(cursor: AsyncCursor[tuple[Any, ...]]) -> LogMark:
    await cursor.execute(HEAD)
    row = await cursor.fetchone()
    assert row is not None
    return LogMark(row[0], bytes(row[1]))


async def _position(cursor: AsyncCursor[tuple[Any, ...]]) -> int | None:
    row = await cursor.fetchone()
    assert row is not None
    position: int | None = row[0]
    return position


async def _follow(
    cursor: AsyncCursor[tuple[Any, ...]], reached: LogMark, size: int
) -> tuple[LogMark, str | None]:
    """Follow the chain through some events; give where it led to, and what is wrong behind that."""
    position, hash_ = reached.position, reached.hash
    problem = None
    async with cursor.copy(BATCH, (position, size)) as copy:
        skipped = HEADER_BYTES
        async for block in copy:
            row = bytes(block)[skipped:]
            skipped = 0
            if problem is not None or row == TRAILER:
                continue
            stored = read_stored(hash_, row)
            if stored.position != position + 1:
                problem = f"event {position + 1} is missing"
            elif stored.hash is None:
                problem = "the stored event has no time that Annals could have recorded"
            elif not stored.fits:
                problem = "the stored event does not fit its hash"
            else:
                position, hash_ = stored.position, stored.hash
                if position % TURN == 0:
                    await asyncio.sleep(0)
    if problem is None and position == reached.position:
        problem = "the events from here to the log's head are missing"
    return LogMark(position, hash_), problem


def _broken(head: int, position: int, problem: str) -> Verification:
    return Verification(
        valid=False,
        events_verified=max(0, min(position - 1, head)),
        head=head,
        first_bad_position=position,
        problem=problem,
    )


def _unlike(head: int, position: int, sealed: LogMark) -> Verification:
    """Tell that the log is not the one that was sealed, though the chain holds so far."""
    if position < sealed.position:
        problem = f"the log ends at position {head}, before the seal's {sealed.position}: its end"
    else:
        problem = f"at position {position} its hash is not the seal's: something up to there"
    return Verification(
        valid=False,
        events_verified=position,
        head=head,
        problem=f"{problem} was changed after it was sealed",
    )

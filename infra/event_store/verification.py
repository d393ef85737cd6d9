"""Recomputing the hash chain over what is stored."""

from collections.abc import AsyncIterator
from typing import Any

from psycopg_pool import AsyncConnectionPool

from application.ports import Verification
from infra.event_store.chain import GENESIS, link
from infra.event_store.record import EventRecord

BATCH_SIZE = 5000

HEAD = "SELECT position, hash FROM log_head"

BATCH = """
SELECT notification_id, recorded_at, hash, originator_id, originator_version, topic,
       schema_version, event_id, metadata::text, state, subject, protected
FROM events
WHERE notification_id > %s
ORDER BY notification_id
LIMIT %s
"""


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
            await cursor.execute(HEAD)
            row = await cursor.fetchone()
            assert row is not None
            head, head_hash = row[0], bytes(row[1])
            position, hash_ = 0, GENESIS
            while position < head:
                await cursor.execute(BATCH, (position, min(BATCH_SIZE, head - position)))
                rows = await cursor.fetchall()
                if not rows:
                    yield _broken(
                        head, position + 1, f"events {position + 1} to {head} are missing"
                    )
                    return
                for row in rows:
                    expected = position + 1
                    if row[0] != expected:
                        yield _broken(head, expected, f"event {expected} is missing")
                        return
                    hash_ = link(hash_, expected, row[1], _record(row))
                    if hash_ != row[2]:
                        yield _broken(head, expected, "the stored event does not fit its hash")
                        return
                    position = expected
                yield Verification(valid=True, events_verified=position, head=head)
            if hash_ != head_hash:
                yield _broken(head, head, "the end of the log is not where the log's head says")
                return
            await cursor.execute(BATCH, (head, 1))
            beyond = await cursor.fetchone()
            await cursor.execute(HEAD)
            row = await cursor.fetchone()
            if beyond is not None and row is not None and row[0] == head:
                yield _broken(head, head + 1, "an event stands beyond the log's head")
                return
            yield Verification(valid=True, events_verified=position, head=head)


def _broken(head: int, position: int, problem: str) -> Verification:
    return Verification(
        valid=False,
        events_verified=position - 1,
        head=head,
        first_bad_position=position,
        problem=problem,
    )


def _record(row: tuple[Any, ...]) -> EventRecord:
    return EventRecord(
        stream_id=row[3],
        version=row[4],
        topic=row[5],
        schema_version=row[6],
        event_id=row[7],
        metadata=row[8],
        state=row[9],
        subject=row[10],
        protected=row[11],
    )

"""The ledger of erasures: the fences, with what their redaction events tell."""

from typing import Any, TypeVar

import msgspec
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composable
from psycopg_pool import AsyncConnectionPool

from application.erasures.ports import ChainedEvent, Erasure, ErasureFilter, FoundErasures
from application.errors import NotFoundError
from infra.event_store.chain import GENESIS, link
from infra.event_store.record import EventRecord

LIST = SQL("""
SELECT x.subject, x.erased_at, x.position, x.event_id::text, x.fingerprint,
       e.topic, e.originator_id, e.originator_version, e.metadata::text, e.state
FROM erasures AS x
LEFT JOIN events AS e ON e.notification_id = x.position AND e.event_id = x.event_id
WHERE {where}
ORDER BY x.position DESC, x.subject
LIMIT %s OFFSET %s
""")

COUNT = SQL("SELECT count(*) FROM erasures AS x WHERE {where}")

HAS_KEY = "SELECT EXISTS (SELECT FROM subject_keys WHERE subject = %s)"

CHAINED = """
SELECT CASE WHEN e.recorded_at BETWEEN '0001-01-02' AND '9999-12-30' THEN e.recorded_at END,
       e.hash, e.originator_id, e.originator_version, e.topic, e.schema_version,
       e.event_id, e.metadata::text, e.state, e.subject, e.protected, before.hash
FROM events AS e
LEFT JOIN events AS before ON before.notification_id = e.notification_id - 1
WHERE e.notification_id = %s
"""


class _Author(msgspec.Struct):
    actor: str | None = None


class _Grounds(msgspec.Struct):
    reason: str | None = None
    policy: str | None = None


T = TypeVar("T", _Author, _Grounds)


class PostgresErasureLedger:
    """Implements the application's ErasureLedger port."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def newest(self, wanted: ErasureFilter, *, page: int, size: int) -> FoundErasures:
        """Give a page of the erasures that fit the filter, newest first."""
        conditions: list[Composable] = [SQL("true")]
        values: list[Any] = []
        if wanted.subject is not None:
            conditions.append(SQL("x.subject = %s"))
            values.append(wanted.subject)
        if wanted.erased_after is not None:
            conditions.append(SQL("x.erased_at >= %s"))
            values.append(wanted.erased_after)
        where = SQL(" AND ").join(conditions)
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(LIST.format(where=where), [*values, size, (page - 1) * size])
            items = [_erasure(row) for row in await cursor.fetchall()]
            total = await (await connection.execute(COUNT.format(where=where), values)).fetchone()
        assert total is not None
        return FoundErasures(items, total[0])

    async def get(self, subject: str) -> Erasure:
        """Give the erasure of a subject. Raises NotFoundError if there was none."""
        found = await self.newest(ErasureFilter(subject=subject), page=1, size=1)
        if not found.items:
            raise NotFoundError(f"{subject} has not been erased")
        return found.items[0]

    async def event_at(self, position: int) -> ChainedEvent | None:
        """Give the event at a position of the log."""
        async with self._pool.connection() as connection:
            return await chained_event(connection, position)

    async def has_key(self, subject: str) -> bool:
        """Tell whether a subject has a data key."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(HAS_KEY, (subject,))).fetchone()
        assert row is not None
        return bool(row[0])


async def chained_event(connection: AsyncConnection, position: int) -> ChainedEvent | None:
    """Give the event at a position of the log, and whether its hash follows from what is stored."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(CHAINED, (position,))
    row = await cursor.fetchone()
    if row is None:
        return None
    recorded_at, hash_, *columns, before = row
    record = EventRecord(
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
    previous = GENESIS if position == 1 else before
    fits = (
        previous is not None
        and recorded_at is not None
        and link(previous, position, recorded_at, record) == hash_
    )
    return ChainedEvent(event_id=str(record.event_id), hash=hash_.hex(), fits=fits)


def _erasure(row: tuple[Any, ...]) -> Erasure:
    subject, erased_at, position, event_id, fingerprint, topic, stream_id, version, *told = row
    metadata, state = told
    grounds = _told(_Grounds, state)
    return Erasure(
        subject=subject,
        erased_at=erased_at,
        actor=_told(_Author, metadata).actor,
        reason=grounds.reason,
        policy=grounds.policy,
        event_type=topic,
        event_id=event_id,
        stream_id=stream_id,
        version=version,
        position=position,
        key_fingerprint=fingerprint.hex() if fingerprint is not None else None,
    )


def _told(kind: type[T], stored: bytes | str | None) -> T:
    """Read what an event tells; an event that is missing or damaged tells nothing."""
    if stored is None:
        return kind()
    try:
        return msgspec.json.decode(stored, type=kind)
    except msgspec.MsgspecError:
        return kind()

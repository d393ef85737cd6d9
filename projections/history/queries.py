"""Reading the audit history."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import args_row
from psycopg.sql import SQL, Composable, Identifier
from psycopg_pool import AsyncConnectionPool

from projections.history.projection import EntryRow, history
from projections.paging import Slice

_ENTRIES = """
SELECT position, stream_id, version, type, recorded_at, actor, correlation_id, causation_id,
       request_id
FROM {schema}.entries
"""

CHAIN = history.query(f"{_ENTRIES} WHERE correlation_id = %s ORDER BY position LIMIT %s")

LIST = SQL(
    _ENTRIES
    + """
WHERE {where}
ORDER BY position DESC
LIMIT %s OFFSET %s
"""
)

COUNT = SQL("SELECT count(*) FROM {schema}.entries WHERE {where}")


SCHEMA = Identifier(history.id)


class HistoryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; None asks for nothing."""

    stream_id: str | None = None
    type: str | None = None
    actor: str | None = None
    correlation_id: str | None = None
    recorded_after: datetime | None = None
    recorded_before: datetime | None = None


class HistoryQueries:
    """Reads the audit history."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def newest(self, wanted: HistoryFilter, *, page: int, size: int) -> Slice[EntryRow]:
        """Give a page of the entries that fit the filter, newest first, with their exact number."""
        conditions: list[Composable] = [SQL("true")]
        values: list[Any] = []
        for column in ("stream_id", "type", "actor", "correlation_id"):
            if (value := getattr(wanted, column)) is not None:
                conditions.append(SQL("{} = %s").format(Identifier(column)))
                values.append(value)
        if wanted.recorded_after is not None:
            conditions.append(SQL("recorded_at >= %s"))
            values.append(wanted.recorded_after)
        if wanted.recorded_before is not None:
            conditions.append(SQL("recorded_at <= %s"))
            values.append(wanted.recorded_before)
        where = SQL(" AND ").join(conditions)
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(EntryRow))
            await cursor.execute(
                LIST.format(schema=SCHEMA, where=where), [*values, size, (page - 1) * size]
            )
            items = await cursor.fetchall()
            counting = await connection.execute(COUNT.format(schema=SCHEMA, where=where), values)
            total = await counting.fetchone()
        assert total is not None
        return Slice(items, total[0])

    async def chain(self, correlation_id: str, limit: int) -> list[EntryRow]:
        """Give the first events of a chain of causes, oldest first."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(EntryRow))
            await cursor.execute(CHAIN, (correlation_id, limit))
            return await cursor.fetchall()

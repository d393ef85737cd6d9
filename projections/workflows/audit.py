"""Reading the audit trail of workflows, refused attempts included."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import args_row
from psycopg.sql import SQL, Composable, Identifier
from psycopg_pool import AsyncConnectionPool

from projections.paging import Slice
from projections.workflows.projection import workflows
from projections.workflows.tables import ENTRIES, EntryRow

SCHEMA = Identifier(workflows.id)

COLUMNS = SQL(", ").join(Identifier(column.name) for column in ENTRIES.columns)

LIST = SQL("""
SELECT {columns}
FROM {schema}.entries
WHERE {where}
ORDER BY position DESC
LIMIT %s OFFSET %s
""")

COUNT = SQL("SELECT count(*) FROM {schema}.entries WHERE {where}")

HISTORY = SQL("""
SELECT {columns}
FROM {schema}.entries
WHERE content_uid = %s AND workflow_id = %s AND operation = 'execute_transition' AND success
ORDER BY position
""").format(columns=COLUMNS, schema=SCHEMA)

REFUSED = SQL("""
SELECT id
FROM {schema}.entries
WHERE user_id = %s AND NOT success
ORDER BY position
""").format(schema=SCHEMA)

# Newest first, from below a position on: whatever is entered meanwhile, nothing comes twice.
BELOW = SQL("""
SELECT {columns}
FROM {schema}.entries
WHERE {where} AND position < %s
ORDER BY position DESC
LIMIT %s
""")

AT_ONCE = 100
BEYOND = 2**63 - 1


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; None asks for nothing."""

    content_uid: str | None = None
    user_id: str | None = None
    template_id: str | None = None
    operation: str | None = None
    success: bool | None = None
    after: datetime | None = None
    before: datetime | None = None


class WorkflowAuditQueries:
    """Reads the audit trail."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def history(self, content_uid: str, workflow_id: str) -> list[EntryRow]:
        """Give the transitions that a content made under a workflow, oldest first."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(EntryRow))
            await cursor.execute(HISTORY, (content_uid, workflow_id), prepare=True)
            return await cursor.fetchall()

    async def newest(self, wanted: EntryFilter, *, page: int, size: int) -> Slice[EntryRow]:
        """Give a page of the entries that fit the filter, newest first, with their exact number."""
        where, values = _where(wanted)
        async with self._pool.connection() as connection, connection.pipeline():
            cursor = connection.cursor(row_factory=args_row(EntryRow))
            statement = LIST.format(columns=COLUMNS, schema=SCHEMA, where=where)
            await cursor.execute(statement, [*values, size, (page - 1) * size])
            counting = await connection.execute(COUNT.format(schema=SCHEMA, where=where), values)
            items = await cursor.fetchall()
            total = await counting.fetchone()
        assert total is not None
        return Slice(items, total[0])

    async def all(self, wanted: EntryFilter) -> AsyncIterator[Sequence[EntryRow]]:
        """Give all entries that fit the filter, newest first; memory holds some at a time."""
        where, values = _where(wanted)
        statement = BELOW.format(columns=COLUMNS, schema=SCHEMA, where=where)
        below = BEYOND
        while True:
            async with self._pool.connection() as connection:
                cursor = connection.cursor(row_factory=args_row(EntryRow))
                await cursor.execute(statement, [*values, below, AT_ONCE])
                entries = await cursor.fetchall()
            if not entries:
                return
            yield entries
            below = entries[-1].position

    async def refused(self, user_id: str) -> list[int]:
        """Give the ids of somebody's attempts that were refused."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(REFUSED, (user_id,))
            return [_refusal_id(entry_id) for (entry_id,) in await cursor.fetchall()]


def _where(wanted: EntryFilter) -> tuple[Composable, list[Any]]:
    conditions: list[Composable] = [SQL("true")]
    values: list[Any] = []
    for column in ("content_uid", "user_id", "template_id", "operation", "success"):
        if (value := getattr(wanted, column)) is not None:
            conditions.append(SQL("{} = %s").format(Identifier(column)))
            values.append(value)
    for condition, moment in (
        ("timestamp >= %s", wanted.after),
        ("timestamp <= %s", wanted.before),
    ):
        if moment is not None:
            conditions.append(SQL(condition))
            values.append(moment)
    return SQL(" AND ").join(conditions), values


def _refusal_id(entry_id: str) -> int:
    """Read the id of the refusal that an entry like ``refusal-7@1`` is of."""
    return int(entry_id.removeprefix("refusal-").partition("@")[0])

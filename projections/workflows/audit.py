"""Reading the audit trail of workflows, refused attempts included."""

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

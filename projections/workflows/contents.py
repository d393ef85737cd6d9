"""Reading contents: their state, and the worklist."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.rows import args_row
from psycopg.sql import SQL, Composable, Identifier
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from projections.paging import Slice
from projections.workflows.projection import workflows
from projections.workflows.tables import ContentRow

_COLUMNS = """
SELECT uid, content, workflow_id, template_id, current_state, assignees, known, updated_at, version
FROM {schema}.contents
"""

CONTENT = workflows.query(f"{_COLUMNS} WHERE uid = %s")

LIST = SQL(f"""
{_COLUMNS}
WHERE {{where}}
ORDER BY updated_at DESC, uid
LIMIT %s OFFSET %s
""")

COUNT = SQL("SELECT count(*) FROM {schema}.contents WHERE {where}")

# Everything of somebody is in the contents that know them.
KNOWING = workflows.query("""
SELECT uid
FROM {schema}.contents
WHERE known @> %s
ORDER BY uid
""")

SCHEMA = Identifier(workflows.id)


class ContentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which contents with a workflow are wanted; None asks for nothing.

    ``assigned_to`` are a person and the groups that the person is in; one of them is enough.
    """

    state: str | None = None
    template: str | None = None
    assigned_to: Sequence[str] | None = None


class ContentQueries:
    """Reads the read model of contents."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def get(self, content_uid: str) -> ContentRow | None:
        """Give a content, with a workflow or without one."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(ContentRow))
            await cursor.execute(CONTENT, (content_uid,), prepare=True)
            return await cursor.fetchone()

    async def worklist(self, wanted: ContentFilter, *, page: int, size: int) -> Slice[ContentRow]:
        """Give a page of the contents that fit the filter, those that moved last first."""
        where, values = _where(wanted)
        async with self._pool.connection() as connection, connection.pipeline():
            cursor = connection.cursor(row_factory=args_row(ContentRow))
            limits = [size, (page - 1) * size]
            await cursor.execute(LIST.format(schema=SCHEMA, where=where), [*values, *limits])
            counting = await connection.execute(COUNT.format(schema=SCHEMA, where=where), values)
            items = await cursor.fetchall()
            total = await counting.fetchone()
        assert total is not None
        return Slice(items, total[0])

    async def knowing(self, user_id: str) -> list[str]:
        """Give the uids of all contents that somebody ever had to do with."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(KNOWING, (Jsonb([user_id]),))
            return [uid for (uid,) in await cursor.fetchall()]


def _where(wanted: ContentFilter) -> tuple[Composable, list[Any]]:
    conditions: list[Composable] = [SQL("workflow_id IS NOT NULL")]
    values: list[Any] = []
    for column, value in (("current_state", wanted.state), ("template_id", wanted.template)):
        if value is not None:
            conditions.append(SQL("{} = %s").format(Identifier(column)))
            values.append(value)
    if wanted.assigned_to is not None:
        conditions.append(SQL("assignees ?| %s::text[]"))
        values.append(list(wanted.assigned_to))
    return SQL(" AND ").join(conditions), values

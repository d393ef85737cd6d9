"""Reading custom templates. What is retired is not there."""

from collections.abc import Sequence

import msgspec
from psycopg.rows import args_row
from psycopg_pool import AsyncConnectionPool

from projections.workflows.projection import workflows
from projections.workflows.tables import TemplateRow

_COLUMNS = """
SELECT id, category, complexity, template, created_by, created_at, updated_at, retired_at, version
FROM {schema}.templates
WHERE retired_at IS NULL
"""

TEMPLATE = workflows.query(f"{_COLUMNS} AND id = %s")

_FITTING = """
  AND (%(categories)s::text[] IS NULL OR category = ANY(%(categories)s))
  AND (%(complexity)s::text IS NULL OR complexity = %(complexity)s)
"""

LIST = workflows.query(f"{_COLUMNS} {_FITTING} ORDER BY id LIMIT %(limit)s OFFSET %(offset)s")

COUNTS = workflows.query("""
SELECT count(*), count(*) FILTER (
    WHERE (%(categories)s::text[] IS NULL OR category = ANY(%(categories)s))
      AND (%(complexity)s::text IS NULL OR complexity = %(complexity)s)
)
FROM {schema}.templates
WHERE retired_at IS NULL
""")

IDS = workflows.query("""
SELECT id FROM {schema}.templates WHERE retired_at IS NULL ORDER BY id LIMIT %s
""")


class TemplateFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which templates are wanted; None asks for nothing."""

    categories: Sequence[str] | None = None
    complexity: str | None = None


class FoundTemplates(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the templates that fit, how many of them fit, and how many there are."""

    items: list[TemplateRow]
    fitting: int
    total: int


class TemplateQueries:
    """Reads the read model of custom templates."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def get(self, template_id: str) -> TemplateRow | None:
        """Give a template."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(TemplateRow))
            await cursor.execute(TEMPLATE, (template_id,), prepare=True)
            return await cursor.fetchone()

    async def find(self, wanted: TemplateFilter, *, limit: int, offset: int) -> FoundTemplates:
        """Give templates that fit the filter, by id."""
        arguments = {
            "categories": list(wanted.categories) if wanted.categories is not None else None,
            "complexity": wanted.complexity,
            "limit": limit,
            "offset": offset,
        }
        async with self._pool.connection() as connection, connection.pipeline():
            cursor = connection.cursor(row_factory=args_row(TemplateRow))
            await cursor.execute(LIST, arguments)
            counting = await connection.execute(COUNTS, arguments)
            items = await cursor.fetchall()
            counts = await counting.fetchone()
        assert counts is not None
        return FoundTemplates(items=items, total=counts[0], fitting=counts[1])

    async def ids(self, limit: int) -> list[str]:
        """Give the ids of the first, in order."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(IDS, (limit,))
            return [template_id for (template_id,) in await cursor.fetchall()]

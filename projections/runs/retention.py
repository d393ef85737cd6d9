"""Which runs are to be neutralized: those that are due, and those of one data subject.

Deleted runs are among them: they are hidden, and their personal data is there.
"""

from datetime import datetime

from psycopg.sql import SQL
from psycopg_pool import AsyncConnectionPool

from projections.runs.tables import SCHEMA

# A month has up to four days more or less than what its index entry is compared with.
DUE = SQL("""
FROM {schema}.processes AS p
CROSS JOIN LATERAL (
    SELECT r.id, r.created_at + make_interval(months => p.retention_months::integer) AS due_at
    FROM {schema}.runs AS r
    WHERE r.process_id = p.id
      AND NOT r.is_neutralized
      AND r.created_at <= %(now)s - make_interval(months => p.retention_months::integer, days => -4)
) AS scheduled
WHERE p.retention_months IS NOT NULL AND scheduled.due_at <= %(now)s
""").format(schema=SCHEMA)

COUNT_DUE = SQL("SELECT count(*) {}").format(DUE)

FIRST_DUE = SQL("SELECT scheduled.id {} ORDER BY scheduled.due_at, scheduled.id LIMIT %(limit)s")

OF_ENTITY = SQL("""
SELECT id
FROM {schema}.runs
WHERE entity_id = %s AND NOT is_neutralized
ORDER BY id
""").format(schema=SCHEMA)


class RetentionQueries:
    """Reads which runs are to be neutralized."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def count_due(self, now: datetime) -> int:
        """Count the runs whose retention period has ended."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(COUNT_DUE, {"now": now})
            row = await cursor.fetchone()
        assert row is not None
        count: int = row[0]
        return count

    async def due(self, now: datetime, limit: int) -> list[int]:
        """Give the ids of the first runs that were due."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(FIRST_DUE.format(DUE), {"now": now, "limit": limit})
            return [row[0] for row in await cursor.fetchall()]

    async def of_entity(self, entity_id: str) -> list[int]:
        """Give the ids of the runs of a data subject that are not neutralized."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(OF_ENTITY, (entity_id,))
            return [row[0] for row in await cursor.fetchall()]

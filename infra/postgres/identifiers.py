"""Integer ids from PostgreSQL's sequences."""

import contextlib
from collections.abc import AsyncIterator
from itertools import islice

from psycopg_pool import AsyncConnectionPool

from infra.coalescing import Coalescer

ALLOCATE = """
SELECT wanted.sequence, ARRAY(
    SELECT nextval(wanted.sequence::regclass) FROM generate_series(1, wanted.count)
)
FROM unnest(%s::text[], %s::bigint[]) AS wanted (sequence, count)
"""

SEQUENCES = frozenset(
    {
        "process_ids",
        "step_ids",
        "run_ids",
        "step_run_ids",
        "api_key_ids",
        "webhook_ids",
        "workflow_ids",
        "refusal_ids",
        "stewardship_ids",
        "stewardship_job_ids",
    }
)


class PostgresIdentifiers:
    """Implements the application's Identifiers port; one round trip for all who ask at once."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._requests: Coalescer[tuple[str, int], list[int]] = Coalescer(
            "identifiers", self._allocate
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the task that allocates."""
        async with self._requests.running():
            yield

    async def allocate(self, sequence: str, count: int = 1) -> list[int]:
        """Take the next ids of a sequence."""
        assert sequence in SEQUENCES
        return await self._requests.ask((sequence, count)) if count else []

    async def _allocate(self, requests: list[tuple[str, int]]) -> list[list[int]]:
        totals: dict[str, int] = {}
        for sequence, count in requests:
            totals[sequence] = totals.get(sequence, 0) + count
        async with self._pool.connection() as connection:
            cursor = await connection.execute(ALLOCATE, (list(totals), list(totals.values())))
            ids = {sequence: iter(values) for sequence, values in await cursor.fetchall()}
        return [list(islice(ids[sequence], count)) for sequence, count in requests]

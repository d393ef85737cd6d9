"""How often API keys are used, counted in memory and added to PostgreSQL in batches."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import msgspec
import psycopg
import structlog
from psycopg.rows import args_row
from psycopg_pool import AsyncConnectionPool

from application.identity.usage import EndpointUsage, KeyUsage

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 1.0
TOP_ENDPOINTS = 10

ADD = """
INSERT INTO api_key_usage AS kept (key_id, day, endpoint, count, last_used_at)
SELECT * FROM unnest(
    %s::bigint[], %s::date[], %s::text[], %s::bigint[], %s::timestamptz[]
)
ON CONFLICT (key_id, day, endpoint) DO UPDATE
SET count = kept.count + excluded.count,
    last_used_at = GREATEST(kept.last_used_at, excluded.last_used_at)
"""

USAGE = """
SELECT COALESCE(sum(count), 0)::bigint,
       max(last_used_at),
       COALESCE(sum(count) FILTER (WHERE day = %(today)s), 0)::bigint,
       COALESCE(sum(count) FILTER (WHERE day > %(today)s - 7), 0)::bigint
FROM api_key_usage
WHERE key_id = %(key_id)s
"""

ENDPOINTS = """
SELECT endpoint, sum(count)::bigint
FROM api_key_usage
WHERE key_id = %s
GROUP BY endpoint
ORDER BY sum(count) DESC, endpoint
LIMIT %s
"""


class Tally(msgspec.Struct):
    """The uses of one key, on one day, of one endpoint that are not yet in the table."""

    count: int
    last_used_at: datetime


class PostgresUsageCounter:
    """Implements the application's UsageCounter port. Days begin at midnight UTC.

    A process that is killed loses the uses of its last second; nothing else depends on them.
    """

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._tallies: dict[tuple[int, date, str], Tally] = {}
        self._flushing = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the task that adds to the table; on leaving, what was counted is added first."""
        leaving = asyncio.Event()
        task = asyncio.create_task(self._run(leaving), name="usage-counter")
        try:
            yield
        finally:
            leaving.set()
            await task

    def note(self, key_id: int, endpoint: str) -> None:
        """Count one use. Endpoints are route templates, so that there are only so many."""
        now = datetime.now(UTC)
        self._add((key_id, now.date(), endpoint), Tally(1, now))

    async def flush(self) -> None:
        """Add what was counted to the table; if that fails, it stays counted and is told."""
        async with self._flushing:
            taken, self._tallies = self._tallies, {}
            if not taken:
                return
            try:
                async with self._pool.connection() as connection:
                    await connection.execute(ADD, _columns(taken), prepare=True)
            except BaseException:
                for use, tally in taken.items():
                    self._add(use, tally)
                raise

    async def usage(self, key_id: int) -> KeyUsage:
        """Give what was counted, this process's latest uses among it."""
        await self.flush()
        today = datetime.now(UTC).date()
        async with self._pool.connection() as connection:
            cursor = await connection.execute(USAGE, {"key_id": key_id, "today": today})
            row = await cursor.fetchone()
            counts = connection.cursor(row_factory=args_row(_endpoint_usage))
            await counts.execute(ENDPOINTS, (key_id, TOP_ENDPOINTS))
            top_endpoints = await counts.fetchall()
        assert row is not None
        usage_count, last_used_at, daily_usage, weekly_usage = row
        return KeyUsage(
            usage_count=usage_count,
            last_used_at=last_used_at,
            daily_usage=daily_usage,
            weekly_usage=weekly_usage,
            top_endpoints=top_endpoints,
        )

    def _add(self, use: tuple[int, date, str], more: Tally) -> None:
        tally = self._tallies.get(use)
        if tally is None:
            self._tallies[use] = more
        else:
            tally.count += more.count
            tally.last_used_at = max(tally.last_used_at, more.last_used_at)

    async def _run(self, leaving: asyncio.Event) -> None:
        while not leaving.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await leaving.wait()
            try:
                await self.flush()
            except psycopg.Error as error:
                log.warning("usage_not_added", error=type(error).__name__)


def _columns(tallies: dict[tuple[int, date, str], Tally]) -> list[list[object]]:
    """Give the rows column by column, in one order for all processes, so that none deadlock."""
    uses = sorted(tallies)
    return [
        [key_id for key_id, _, _ in uses],
        [day for _, day, _ in uses],
        [endpoint for _, _, endpoint in uses],
        [tallies[use].count for use in uses],
        [tallies[use].last_used_at for use in uses],
    ]


def _endpoint_usage(endpoint: str, count: int) -> EndpointUsage:
    return EndpointUsage(endpoint=endpoint, count=count)

"""The audit log of calls: gathered in memory, written to PostgreSQL in batches."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from itertools import islice

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from application.audit_log import Call, CallFilter, FoundCalls
from infra.audit_log.reading import find_calls

log = structlog.get_logger(__name__)

# Another process sees an entry within a second.
FLUSH_SECONDS = 0.5
BATCH = 500

# How much is kept while the database is away: some 20 MB.
MAX_NOTED = 50_000
PATIENCE_SECONDS = 2.0

COLUMNS = (
    "created_at",
    "actor",
    "method",
    "route",
    "path",
    "status_code",
    "duration_ms",
    "request_id",
    "event_position",
)

ALLOCATE = "SELECT nextval('audit_log_ids') FROM generate_series(1, %s)"

# One statement, so that entries and their number go together. An entry that is written already,
# because the connection broke before that was known, is left alone.
ADD = """
WITH added AS (
    INSERT INTO audit_log (
        id, created_at, actor, method, route, path, status_code, duration_ms, request_id,
        event_position
    )
    SELECT * FROM unnest(
        %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::smallint[], %s::double precision[], %s::text[], %s::bigint[]
    )
    ON CONFLICT (id) DO NOTHING
    RETURNING (created_at AT TIME ZONE 'UTC')::date AS day
)
INSERT INTO audit_log_days AS kept (day, calls)
SELECT day, count(*) FROM added GROUP BY day ORDER BY day
ON CONFLICT (day) DO UPDATE SET calls = kept.calls + excluded.calls
"""


class PostgresAuditLog:
    """Implements the application's AuditLog port.

    A process that is killed loses the calls of its last half second; what they recorded is in the
    log of events, which names its actors itself.
    """

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._noted: deque[Call] = deque()
        self._ids: list[int] = []  # for as many of the first that are noted
        self._dropped = 0
        self._flushing = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the task that writes; on leaving, what was noted is written first."""
        leaving = asyncio.Event()
        task = asyncio.create_task(self._run(leaving), name="audit-log")
        try:
            yield
        finally:
            leaving.set()
            await task

    def note(self, call: Call) -> None:
        """Note a call; while too many wait to be written, it is dropped and that is told."""
        if len(self._noted) < MAX_NOTED:
            self._noted.append(call)
        else:
            self._dropped += 1

    async def flush(self) -> None:
        """Write what was noted until now; if that fails, it stays noted and is told."""
        async with self._flushing:
            left = len(self._noted)
            while left > 0:
                async with self._pool.connection(timeout=PATIENCE_SECONDS) as connection:
                    left -= await self._write(connection)

    async def find(self, wanted: CallFilter, *, page: int, size: int) -> FoundCalls:
        """Give a page of the calls that fit the filter, this process's latest among them."""
        await self.flush()
        return await find_calls(self._pool, wanted, page=page, size=size)

    async def _write(self, connection: psycopg.AsyncConnection) -> int:
        """Write a batch, under ids that stay the same however often it is tried; tell its size."""
        if not self._ids:
            cursor = await connection.execute(ALLOCATE, (min(len(self._noted), BATCH),))
            self._ids = [row[0] for row in await cursor.fetchall()]
        calls = list(islice(self._noted, len(self._ids)))
        await connection.execute(ADD, [self._ids, *_columns(calls)], prepare=True)
        self._ids = []
        for _ in calls:
            self._noted.popleft()
        return len(calls)

    async def _run(self, leaving: asyncio.Event) -> None:
        is_last = False
        while not is_last:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await leaving.wait()
            is_last = leaving.is_set()
            try:
                await self.flush()
            except psycopg.Error as error:
                log.warning(
                    "calls_not_written", error=type(error).__name__, waiting=len(self._noted)
                )
            if self._dropped:
                log.warning("calls_dropped", count=self._dropped)
                self._dropped = 0


def _columns(calls: Sequence[Call]) -> list[list[object]]:
    return [[getattr(call, column) for call in calls] for column in COLUMNS]

"""Reading documents, the jobs that process them, and which of those is to be taken up next."""

import msgspec
from psycopg.rows import args_row
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import AsyncConnectionPool

from projections.documents.projection import documents
from projections.documents.tables import (
    ALL,
    ANOMALIES,
    DOCUMENTS,
    JOBS,
    AnomalyRow,
    DocumentRow,
    JobRow,
    TotalsRow,
)
from projections.paging import Slice
from projections.table import Table


def _columns(table: Table[AnomalyRow] | Table[DocumentRow] | Table[JobRow]) -> Composed:
    return SQL(", ").join(Identifier(column.name) for column in table.columns)


SCHEMA = Identifier(documents.id)

DOCUMENT = SQL("SELECT {columns} FROM {schema}.documents WHERE id = %s").format(
    columns=_columns(DOCUMENTS), schema=SCHEMA
)

NEWEST_DOCUMENTS = SQL("""
SELECT {columns}
FROM {schema}.documents
ORDER BY stored_position DESC
LIMIT %s OFFSET %s
""").format(columns=_columns(DOCUMENTS), schema=SCHEMA)

COUNT_DOCUMENTS = documents.query("SELECT count(*) FROM {schema}.documents")

JOB = SQL("SELECT {columns} FROM {schema}.jobs WHERE id = %s").format(
    columns=_columns(JOBS), schema=SCHEMA
)

LATEST_COMPLETED = SQL("""
SELECT {columns}
FROM {schema}.jobs
WHERE status = 'completed'
ORDER BY finished_at DESC, id DESC
LIMIT 1
""").format(columns=_columns(JOBS), schema=SCHEMA)

ANOMALIES_OF_DOCUMENT = SQL("""
SELECT {columns}
FROM {schema}.anomalies
WHERE document_id = %s
ORDER BY number
LIMIT %s
""").format(columns=_columns(ANOMALIES), schema=SCHEMA)

ANOMALIES_OF_GAME = SQL("""
SELECT {columns}
FROM {schema}.anomalies
WHERE game_id = %s
ORDER BY document_id, number
LIMIT %s
""").format(columns=_columns(ANOMALIES), schema=SCHEMA)

JOB_COUNTS = documents.query("SELECT status, count FROM {schema}.job_counts")

TOTALS_OF_ALL = documents.query(
    "SELECT id, jobs_completed, processing_seconds, last_ended_at "
    "FROM {schema}.totals WHERE id = %s"
)

RUNNING = documents.query("""
SELECT id
FROM {schema}.jobs
WHERE status = 'running'
ORDER BY queued_position
""")

# The oldest of each priority could be next. A job is as urgent as one of the next priority for each
# span that it has waited, so that none waits for ever.
WAITING = documents.query("""
SELECT oldest.id
FROM generate_series(0, 4) AS level (priority)
CROSS JOIN LATERAL (
    SELECT job.id, job.queued_at, job.queued_position
    FROM {schema}.jobs AS job
    WHERE job.status = 'queued' AND job.priority = level.priority
    ORDER BY job.queued_position
    LIMIT %(most)s
) AS oldest
ORDER BY
    LEAST(
        4,
        level.priority + floor(extract(epoch FROM now() - oldest.queued_at) / %(ageing_seconds)s)
    ) DESC,
    oldest.queued_position
LIMIT %(most)s
""")

IS_WAITING = documents.query("SELECT EXISTS (SELECT FROM {schema}.jobs WHERE status = 'queued')")

# As many as could be taken up by others in the moment between looking and taking.
MOST_NEXT = 8

MOST_ANOMALIES = 1000


class JobCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs stand where."""

    queued: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        """How many jobs there are."""
        return self.queued + self.running + self.completed + self.failed + self.cancelled


class DocumentQueries:
    """Reads the read model of documents."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def get(self, document_id: str) -> DocumentRow | None:
        """Give a document, also one whose bytes were deleted."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(DocumentRow))
            await cursor.execute(DOCUMENT, (document_id,), prepare=True)
            return await cursor.fetchone()

    async def newest(self, page: int, size: int) -> Slice[DocumentRow]:
        """Give a page of documents, the newest first."""
        async with self._pool.connection() as connection, connection.pipeline():
            cursor = connection.cursor(row_factory=args_row(DocumentRow))
            await cursor.execute(NEWEST_DOCUMENTS, (size, (page - 1) * size))
            counting = await connection.execute(COUNT_DOCUMENTS)
            items = await cursor.fetchall()
            total = await counting.fetchone()
        assert total is not None
        return Slice(items, total[0])

    async def job(self, job_id: str) -> JobRow | None:
        """Give a job."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(JobRow))
            await cursor.execute(JOB, (job_id,), prepare=True)
            return await cursor.fetchone()

    async def latest_completed(self) -> JobRow | None:
        """Give the job that was completed last."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(JobRow))
            await cursor.execute(LATEST_COMPLETED)
            return await cursor.fetchone()

    async def anomalies_of(self, document_id: str) -> list[AnomalyRow]:
        """Give the anomalies of a document in the order of the sheet, the first thousand."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(AnomalyRow))
            await cursor.execute(ANOMALIES_OF_DOCUMENT, (document_id, MOST_ANOMALIES))
            return await cursor.fetchall()

    async def anomalies_of_game(self, game_id: str) -> list[AnomalyRow]:
        """Give the anomalies of a game, whichever document they are in, the first thousand."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(AnomalyRow))
            await cursor.execute(ANOMALIES_OF_GAME, (game_id, MOST_ANOMALIES))
            return await cursor.fetchall()

    async def job_counts(self) -> JobCounts:
        """Tell how many jobs stand where."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(JOB_COUNTS)
            return JobCounts(**dict(await cursor.fetchall()))

    async def totals(self) -> TotalsRow:
        """Tell what all jobs together came to."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(TotalsRow))
            await cursor.execute(TOTALS_OF_ALL, (ALL,))
            return await cursor.fetchone() or TotalsRow(ALL)

    async def next_jobs(self, ageing_seconds: float) -> list[str]:
        """Give the jobs that may be taken up: those that run, which may have lost their worker.

        Then those that wait, the most urgent first.
        """
        parameters = {"most": MOST_NEXT, "ageing_seconds": ageing_seconds}
        async with self._pool.connection() as connection, connection.pipeline():
            running = await connection.execute(RUNNING)
            waiting = await connection.execute(WAITING, parameters)
            return [row[0] for row in [*await running.fetchall(), *await waiting.fetchall()]]

    async def is_waiting(self) -> bool:
        """Tell whether a job waits."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(IS_WAITING)).fetchone()
        return row is not None and bool(row[0])

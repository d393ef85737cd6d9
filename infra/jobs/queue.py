"""The queue of jobs, as those who cause them see it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from application.errors import NotFoundError
from application.jobs import Job, JobStatus
from infra.jobs.takeover import STALLED_AFTER_SECONDS

ENQUEUE = """
SELECT jobs.enqueue(job.name, job.arguments, job.priority, job.at, job.lock, job.queueing_lock)
FROM unnest(
    %s::text[], %s::jsonb[], %s::integer[], %s::timestamptz[], %s::text[], %s::text[]
) WITH ORDINALITY AS job (name, arguments, priority, at, lock, queueing_lock, ordinal)
ORDER BY job.ordinal
"""

CANCEL = "SELECT jobs.procrastinate_cancel_job_v1(%s, true, false)"

HAS_WORKERS = """
SELECT EXISTS (
    SELECT FROM jobs.procrastinate_workers
    WHERE last_heartbeat >= now() - make_interval(secs => %s)
)
"""

STATUS = "SELECT status::text FROM jobs.procrastinate_jobs WHERE id = %s"

STATUSES = {
    "todo": JobStatus.WAITING,
    "doing": JobStatus.RUNNING,
    "succeeded": JobStatus.SUCCEEDED,
    "failed": JobStatus.FAILED,
    "cancelled": JobStatus.CANCELLED,
    "aborted": JobStatus.CANCELLED,
}


async def enqueue_jobs(connection: AsyncConnection, jobs: Sequence[Job]) -> None:
    """Enqueue jobs in the transaction that the connection is in; they run if it commits."""
    if jobs:
        await connection.execute(ENQUEUE, _columns(jobs))


class PostgresJobQueue:
    """Implements the application's JobQueue port."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def enqueue(self, job: Job) -> int | None:
        """Have a job done; give its id, None if one with its queueing lock already waits."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(ENQUEUE, _columns([job]))
            row = await cursor.fetchone()
        assert row is not None
        job_id: int | None = row[0]
        return job_id

    async def cancel(self, job_id: int) -> bool:
        """Call off a job that waits or runs; tell whether there was something to call off."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(CANCEL, (job_id,))).fetchone()
        return row is not None and row[0] is not None

    async def has_workers(self) -> bool:
        """Tell whether the heart of any worker has beaten lately."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(HAS_WORKERS, (STALLED_AFTER_SECONDS,))).fetchone()
        return row is not None and bool(row[0])

    async def status(self, job_id: int) -> JobStatus:
        """Tell what has become of a job. Raises NotFoundError once it is forgotten."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(STATUS, (job_id,))).fetchone()
        if row is None:
            raise NotFoundError(f"Job {job_id} not found")
        return STATUSES[row[0]]


def _columns(jobs: Sequence[Job]) -> list[list[Any]]:
    return [
        [job.name for job in jobs],
        [msgspec.json.encode(job.arguments).decode() for job in jobs],
        [job.priority for job in jobs],
        [job.at for job in jobs],
        [job.lock for job in jobs],
        [job.queueing_lock for job in jobs],
    ]

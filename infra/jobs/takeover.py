"""Jobs whose worker died are taken up again."""

import asyncio

import structlog
from psycopg_pool import AsyncConnectionPool

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 2.0
STALLED_AFTER_SECONDS = 5 * HEARTBEAT_SECONDS
LOOK_SECONDS = HEARTBEAT_SECONDS

# A job that so many attempts did not finish may be what kills its workers.
MOST_ATTEMPTS = 100

# A worker that ended in good order is no longer listed; what it had to leave has none.
TAKE_OVER = """
UPDATE jobs.procrastinate_jobs AS job
SET status = (CASE
        WHEN job.abort_requested THEN 'aborted'
        WHEN job.attempts + 1 >= %(most_attempts)s THEN 'failed'
        ELSE 'todo'
    END)::jobs.procrastinate_job_status,
    attempts = job.attempts + 1,
    abort_requested = false,
    scheduled_at = NULL,
    worker_id = NULL
WHERE job.status = 'doing'
  AND NOT EXISTS (
      SELECT FROM jobs.procrastinate_workers AS worker
      WHERE worker.id = job.worker_id
        AND worker.last_heartbeat >= now() - make_interval(secs => %(stalled_after)s)
  )
RETURNING job.id, job.task_name, job.status::text
"""


async def take_over_for_ever(pool: AsyncConnectionPool) -> None:
    """Look again and again for jobs whose worker is gone, and let them wait for another."""
    while True:
        try:
            await take_over(pool)
        except Exception as error:  # noqa: BLE001 - whatever it is, it looks again
            log.warning("take_over_interrupted", error=type(error).__name__)
        await asyncio.sleep(LOOK_SECONDS)


async def take_over(pool: AsyncConnectionPool) -> None:
    """Let the jobs of dead workers wait for another; those called off meanwhile have ended."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            TAKE_OVER,
            {"most_attempts": MOST_ATTEMPTS, "stalled_after": STALLED_AFTER_SECONDS},
        )
        taken = await cursor.fetchall()
    for job_id, name, status in taken:
        log.warning("job_taken_over", id=job_id, job=name, status=status)

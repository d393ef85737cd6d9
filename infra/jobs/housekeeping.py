"""Forgets jobs that have ended a while ago."""

from psycopg_pool import AsyncConnectionPool

from application.jobs import Arguments, Duty, JobKind

FORGET_FINISHED_JOBS = JobKind(name="forget_finished_jobs", timeout_seconds=600, priority=-10)

EVERY_HOUR = "17 * * * *"

KEPT_DAYS = 7

FORGET = """
DELETE FROM jobs.procrastinate_jobs AS job
WHERE job.status NOT IN ('todo', 'doing')
  AND NOT EXISTS (
      SELECT FROM jobs.procrastinate_events AS event
      WHERE event.job_id = job.id
        AND event.at >= now() - make_interval(days => %s)
  )
"""


def housekeeping(pool: AsyncConnectionPool, kept_days: int = KEPT_DAYS) -> Duty:
    """Make the duty that forgets, every hour, what ended more than so many days ago."""

    async def forget(_: Arguments) -> None:
        async with pool.connection() as connection:
            await connection.execute(FORGET, (kept_days,))

    return Duty(kind=FORGET_FINISHED_JOBS, function=forget, cron=EVERY_HOUR)

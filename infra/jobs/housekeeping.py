"""Forgets what has been kept for long enough, every hour."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from psycopg_pool import AsyncConnectionPool

from application.jobs import Arguments, Duty, JobKind
from infra.audit_log.retention import delete_calls
from infra.event_store.claims import forget_old_claims
from infra.webhooks.retention import delete_ended

FORGET_FINISHED_JOBS = JobKind(name="forget_finished_jobs", timeout_seconds=600, priority=-10)
FORGET_OLD_CLAIMS = JobKind(name="forget_old_claims", timeout_seconds=600, priority=-10)
FORGET_OLD_CALLS = JobKind(name="forget_old_calls", timeout_seconds=600, priority=-10)
FORGET_OLD_DELIVERIES = JobKind(name="forget_old_deliveries", timeout_seconds=600, priority=-10)
REMOVE_LEFTOVERS = JobKind(name="remove_leftovers", timeout_seconds=600, priority=-10)

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


def housekeeping(
    pool: AsyncConnectionPool, remove_leftovers: Callable[[], object], *, audit_log_days: int
) -> list[Duty]:
    """Make the duties that forget finished jobs, old claims, calls and webhook deliveries.

    And that remove what is left of read models, by a function that may block.
    """

    async def forget_jobs(_: Arguments) -> None:
        async with pool.connection() as connection:
            await connection.execute(FORGET, (KEPT_DAYS,))

    async def forget_claims(_: Arguments) -> None:
        await forget_old_claims(pool)

    async def forget_calls(_: Arguments) -> None:
        await delete_calls(pool, before=datetime.now(UTC) - timedelta(days=audit_log_days))

    async def forget_deliveries(_: Arguments) -> None:
        await delete_ended(pool)

    async def leftovers(_: Arguments) -> None:
        await asyncio.to_thread(remove_leftovers)

    return [
        Duty(kind=FORGET_FINISHED_JOBS, function=forget_jobs, cron="17 * * * *"),
        Duty(kind=FORGET_OLD_CLAIMS, function=forget_claims, cron="27 * * * *"),
        Duty(kind=FORGET_OLD_CALLS, function=forget_calls, cron="37 * * * *"),
        Duty(kind=FORGET_OLD_DELIVERIES, function=forget_deliveries, cron="57 * * * *"),
        Duty(kind=REMOVE_LEFTOVERS, function=leftovers, cron="47 * * * *"),
    ]

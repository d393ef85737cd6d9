"""What became of a job is recorded though the database be gone for a moment."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime

import psycopg
import structlog
from procrastinate import jobs, manager
from procrastinate.exceptions import ConnectorException

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5

# For longer, there is no use: a worker whose heart did not beat for so long has lost its jobs.
PATIENCE_SECONDS = 10.0


class SteadyJobManager(manager.JobManager):
    """The library's manager, which tries again to record an outcome while the connection fails.

    A job whose outcome is lost would be taken for running as long as its worker lives.
    """

    async def finish_job_by_id_async(
        self, job_id: int, status: jobs.Status, delete_job: bool
    ) -> None:
        """Record that a job has ended."""
        finish = super().finish_job_by_id_async
        await _steadily(lambda: finish(job_id, status, delete_job))

    async def retry_job_by_id_async(
        self,
        job_id: int,
        retry_at: datetime,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Record that a job is to be tried again."""
        retry = super().retry_job_by_id_async
        await _steadily(lambda: retry(job_id, retry_at, priority, queue, lock))


async def _steadily(record: Callable[[], Awaitable[None]]) -> None:
    """Record an outcome, which is already recorded where the job is no longer found running."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await _is_recorded(record):  # noqa: ASYNC110 - nobody signals it
                await asyncio.sleep(RETRY_SECONDS)


async def _is_recorded(record: Callable[[], Awaitable[None]]) -> bool:
    try:
        await record()
    except ConnectorException as error:
        log.warning("job_outcome_not_recorded", error=type(error.__cause__ or error).__name__)
        return isinstance(error.__cause__, psycopg.errors.RaiseException)
    return True

"""One attempt at a job: its time is bounded, and what goes wrong is told without its message."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from procrastinate import BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job

from application.jobs import Duty, JobFailedError, JobKind, RetryPolicy

log = structlog.get_logger(__name__)

CRON_ARGUMENT = "timestamp"


class Retrying(BaseRetryStrategy):
    """A retry policy in the library's terms."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Decide whether and when a job is tried again."""
        if isinstance(exception, JobAborted):  # by a worker that stops: it is given back
            return RetryDecision()
        if isinstance(exception, JobFailedError):
            return None
        pause = self._policy.pause_after(job.attempts + 1)
        if pause is None:
            return None
        return RetryDecision(retry_in={"milliseconds": round(pause * 1000)})


def attempt_at(duty: Duty) -> Callable[..., Awaitable[None]]:
    """Make the function that a worker calls for each attempt at a job of this kind."""

    async def attempt(context: JobContext, **arguments: Any) -> None:
        arguments.pop(CRON_ARGUMENT, None)
        try:
            async with asyncio.timeout(duty.kind.timeout_seconds):
                await duty.function(arguments)
        except asyncio.CancelledError:
            # The library takes a cancelled task for one that failed, and this for one called off.
            if context.abort_reason() is not None:
                raise JobAborted from None
            raise
        except Exception as error:
            _tell(duty.kind, context.job, error)
            raise

    return attempt


def _tell(kind: JobKind, job: Job, error: Exception) -> None:
    attempt = job.attempts + 1
    told = {
        "job": kind.name,
        "id": job.id,
        "attempt": attempt,
        "error": type(error).__name__,
        "frames": _frames(error),
    }
    if isinstance(error, JobFailedError) or kind.retries.pause_after(attempt) is None:
        log.error("job_failed", **told)
    else:
        log.warning("job_attempt_failed", **told)


def _frames(error: Exception) -> list[str]:
    """Say where it happened. The message of an exception may hold personal data; its place not."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]

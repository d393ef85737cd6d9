"""Starts and stops workers, and kinds of jobs for them to do."""

import contextlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from application.jobs import Arguments, Duty, JobKind, JobQueue, JobStatus, RetryPolicy
from infra.jobs.worker import JobWorker
from tests.infra.event_store.opening import until_so

SOON = RetryPolicy(attempts=3, first_pause_seconds=0.01)
ONCE = RetryPolicy(attempts=1)


class Workers:
    """Starts workers over one database and stops them all."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._stacks: list[contextlib.AsyncExitStack] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stack in self._stacks:
            await stack.aclose()

    async def start(self, *duties: Duty, concurrency: int = 4) -> contextlib.AsyncExitStack:
        """Start a worker, as another process would; closing what is given stops it."""
        stack = contextlib.AsyncExitStack()
        self._stacks.append(stack)
        await stack.enter_async_context(
            JobWorker(self._conninfo, duties, concurrency=concurrency).running()
        )
        return stack


def duty(
    name: str,
    function: Callable[[Arguments], Awaitable[None]],
    *,
    retries: RetryPolicy = SOON,
    timeout_seconds: float = 20,
    priority: int = 0,
    cron: str | None = None,
) -> Duty:
    """Make a duty."""
    kind = JobKind(name=name, timeout_seconds=timeout_seconds, priority=priority, retries=retries)
    return Duty(kind=kind, function=function, cron=cron)


async def enqueued(queue: JobQueue, duty: Duty, **arguments: str | int) -> int:
    """Enqueue a job of the duty's kind and give its id."""
    job_id = await queue.enqueue(duty.kind.job(arguments))
    assert job_id is not None
    return job_id


async def until_status(queue: JobQueue, job_id: int, status: JobStatus) -> None:
    """Wait until a job has come to a status."""

    async def come() -> bool:
        return await queue.status(job_id) is status

    await until_so(come)

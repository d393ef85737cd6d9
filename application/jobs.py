"""Background jobs: what is to be done outside of a request, at least once, and how it is retried.

A job is recorded with what causes it or not at all. A worker that dies in the middle of one leaves
it to another, so that what a job does must be safe to begin again.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

Arguments = Mapping[str, str | int]
JobFunction = Callable[[Arguments], Awaitable[None]]

LONGEST_NAME = 40


class JobFailedError(Exception):
    """What a job's function raises when trying again would not help: the job has failed."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often a job is tried, and the pauses in between: each twice as long as the last.

    An attempt that was cut off, since its worker stopped or died, counts, but never is the last.
    """

    attempts: int = 5
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 300.0

    def pause_after(self, attempts: int) -> float | None:
        """Give the seconds to wait after so many attempts; None if that was the last."""
        if attempts >= self.attempts:
            return None
        doublings = min(attempts - 1, 30)
        return min(self.first_pause_seconds * 2.0**doublings, self.longest_pause_seconds)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do. The arguments are ids, never personal data: they are stored as they are.

    The job of the highest priority goes first. It begins at ``at`` at the earliest. Of jobs with
    the same ``lock`` one runs at a time, in order; with the same ``queueing_lock`` one waits.
    """

    name: str
    arguments: dict[str, str | int] = msgspec.field(default_factory=dict)
    priority: int = 0
    at: datetime | None = None
    lock: str | None = None
    queueing_lock: str | None = None


class JobKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of job: its name, how long an attempt may take, how urgent it is."""

    name: str
    timeout_seconds: float
    priority: int = 0
    retries: RetryPolicy = RetryPolicy()

    def __post_init__(self) -> None:
        assert len(self.name) <= LONGEST_NAME, f"the name is too long: {self.name}"

    def job(
        self,
        arguments: Arguments | None = None,
        *,
        at: datetime | None = None,
        lock: str | None = None,
        queueing_lock: str | None = None,
    ) -> Job:
        """Make a job of this kind."""
        return Job(
            name=self.name,
            arguments=dict(arguments or {}),
            priority=self.priority,
            at=at,
            lock=lock,
            queueing_lock=queueing_lock,
        )


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of job with the function that does it, and when it falls due by itself.

    ``cron`` is an expression in UTC. Each due moment makes one job, whichever process sees it, and
    after a time in which there was none, the last moment that was missed makes one.
    """

    kind: JobKind
    function: JobFunction
    cron: str | None = None


class JobStatus(StrEnum):
    """What has become of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobQueue(Protocol):
    """The jobs that wait for a worker, run, or have ended lately."""

    async def enqueue(self, job: Job) -> int | None:
        """Have a job done; give its id, None if one with its queueing lock already waits."""
        ...

    async def cancel(self, job_id: int) -> bool:
        """Call off a job that waits or runs; tell whether there was something to call off."""
        ...

    async def has_workers(self) -> bool:
        """Tell whether any process works jobs off at the moment."""
        ...

    async def status(self, job_id: int) -> JobStatus:
        """Tell what has become of a job. Raises NotFoundError once it is forgotten."""
        ...

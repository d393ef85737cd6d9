"""A job that a worker has taken up, and how it tells what becomes of it."""

import time
from collections.abc import Mapping

from application.errors import ConflictError
from application.ports import EventStore
from domain.documents.processing import ProcessingJob
from domain.documents.stages import Stage
from domain.events import Metadata


class SupersededError(Exception):
    """Somebody called the job off, or another worker took it up: nothing more is to be done."""


class TakenUp:
    """A job as the worker that took it up knows it."""

    def __init__(self, job: ProcessingJob, metadata: Metadata) -> None:
        self.job = job
        self.metadata = metadata
        self.attempt = job.state.attempts

    @property
    def job_id(self) -> str:
        """The id of the job."""
        return self.job.key

    def is_of(self, job: ProcessingJob) -> bool:
        """Tell whether the job is still this worker's."""
        return not job.has_ended and job.state.attempts == self.attempt


class Progress:
    """Records how far a job is; outsiders are told no more often than every so many seconds."""

    def __init__(self, store: EventStore, taken: TakenUp, interval_seconds: float) -> None:
        self._store = store
        self._taken = taken
        self._interval_seconds = interval_seconds
        self._told_at = time.monotonic()
        self._entered_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the stage has been under way."""
        return time.monotonic() - self._entered_at

    async def enter(self, stage: Stage) -> None:
        """Begin a stage. Raises SupersededError."""
        self._entered_at = time.monotonic()
        self._taken.job.enter(stage)
        await self._save()

    async def advance(self, stage: Stage, done: int, total: int) -> None:
        """Have done so many of all the pages of a stage. Raises SupersededError."""
        now = time.monotonic()
        is_told = now - self._told_at >= self._interval_seconds
        if is_told:
            self._told_at = now
        self._taken.job.progress(stage, done, total, is_told=is_told)
        await self._save()

    async def complete(self, stage: Stage, figures: Mapping[str, int], following: Stage) -> None:
        """Be done with a stage, and begin the following one. Raises SupersededError."""
        self._taken.job.complete_stage(stage, figures, self.seconds)
        await self.enter(following)

    async def _save(self) -> None:
        try:
            await self._store.save(self._taken.job, metadata=self._taken.metadata)
        except ConflictError:
            raise SupersededError from None

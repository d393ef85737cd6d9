"""Processing documents: who has taken a job up, and what becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from application.documents.pipeline import Pipeline
from application.documents.ports import UnreadableDocumentError
from application.documents.taken_up import SupersededError, TakenUp
from application.errors import ConflictError, NotFoundError
from application.metadata import SYSTEM
from application.ports import EventStore
from application.retries import retrying
from domain.documents.processing import ProcessingJob
from domain.events import Metadata

# How often it is looked whether somebody called the job off, so that it stops within a second.
LOOK_SECONDS = 0.25

# A job that so many workers took up, and none of them ended, may be what kills them.
MOST_ATTEMPTS = 20

TIMEOUT = "TIMEOUT"
GIVEN_UP = "GIVEN_UP"


class ProcessingLimits(NamedTuple):
    """How long a document may take, and how often it is tried again after an error of ours."""

    timeout_seconds: float
    retry_attempts: int


class Processor:
    """Takes jobs up and sees them through."""

    def __init__(
        self,
        store: EventStore,
        pipeline: Pipeline,
        limits: Callable[[], Awaitable[ProcessingLimits]],
    ) -> None:
        self._store = store
        self._pipeline = pipeline
        self._limits = limits

    async def take_up(self, job_id: str) -> TakenUp | None:
        """Take a job up that nobody has; None if there is nothing to be done about it any more."""
        limits = await self._limits()
        try:
            queued = (await self._store.history(ProcessingJob.stream_id(job_id)))[0]
            job = await self._store.load(ProcessingJob, job_id)
        except NotFoundError:
            return None
        if job.has_ended:
            return None
        metadata = Metadata(
            actor=SYSTEM,
            correlation_id=queued.metadata.correlation_id,
            causation_id=queued.event_id,
        )
        is_hopeless = (
            job.state.failures > limits.retry_attempts or job.state.attempts >= MOST_ATTEMPTS
        )
        if is_hopeless:
            job.fail(
                GIVEN_UP,
                f"Processing was begun {job.state.attempts} times and never came to an end",
            )
        else:
            job.start()
        try:
            await self._store.save(job, metadata=metadata)
        except ConflictError:  # somebody called it off just now
            return None
        return None if is_hopeless else TakenUp(job, metadata)

    async def process(self, taken: TakenUp) -> None:
        """Process the document, until the job has ended in one way or another.

        Who is cancelled, since its process ends, leaves the job to another. What nobody foresaw is
        raised, after it was counted: the job is tried again a limited number of times.
        """
        watching = asyncio.create_task(self._until_called_off(taken), name="processing-watch")
        working = asyncio.create_task(self._work(taken), name="processing")
        try:
            await asyncio.wait((watching, working), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (watching, working):
                if not task.done():
                    task.cancel()
            await asyncio.wait((watching, working))
        for task in (working, watching):
            if not task.cancelled():
                task.result()

    async def _work(self, taken: TakenUp) -> None:
        limits = await self._limits()
        limit = asyncio.timeout(limits.timeout_seconds)
        try:
            async with limit:
                await self._pipeline.run(taken)
        except SupersededError:
            return
        except UnreadableDocumentError as error:
            await self._fail(taken, error.code, error.message)
        except Exception:
            if limit.expired():
                message = f"The document took longer than {limits.timeout_seconds:g} seconds"
                await self._fail(taken, TIMEOUT, message)
                return
            await self._change(taken, ProcessingJob.fail_attempt)
            raise

    async def _fail(self, taken: TakenUp, code: str, message: str) -> None:
        await self._change(taken, lambda job: job.fail(code, message))

    async def _change(self, taken: TakenUp, change: Callable[[ProcessingJob], None]) -> None:
        """Change the job, unless somebody called it off or took it up."""

        async def attempt() -> None:
            job = await self._store.load(ProcessingJob, taken.job_id)
            if taken.is_of(job):
                change(job)
                await self._store.save(job, metadata=taken.metadata)

        await retrying(attempt)

    async def _until_called_off(self, taken: TakenUp) -> None:
        peek = self._store.peek
        while taken.is_of(await peek(ProcessingJob, taken.job_id)):  # noqa: ASYNC110 - in a log
            await asyncio.sleep(LOOK_SECONDS)

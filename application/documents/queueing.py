"""Which job is processed next, and by how many workers at a time.

Every job that is queued has workers look for the most urgent one. A worker holds a slot, and the
job that it has taken up; both are let go of when its connection or its process ends, whichever way.
So a job that runs and that nobody holds has lost its worker, and is taken up before all others.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from application.documents.processing import Processor
from application.documents.taken_up import TakenUp
from application.jobs import Arguments, Duty, Job, JobKind
from application.projections.status import Freshness
from application.subscription import Subscription
from domain.documents.processing_events import ProcessingQueued
from domain.events import Recorded

READ_MODELS = ("documents",)

# A job that has waited this long is as urgent as one of the next priority that comes in now.
AGEING_SECONDS = 600.0

# Longer than any document may take. A worker that finds more to do goes on.
PROCESS_DOCUMENTS = JobKind(name="process_documents", timeout_seconds=7 * 86_400)

EVERY_MINUTE = "* * * * *"

processing = Subscription("processing")


@processing.on(ProcessingQueued)
def look_for_it(_: Recorded[ProcessingQueued]) -> Sequence[Job]:
    """Have a worker look what is most urgent."""
    return [PROCESS_DOCUMENTS.job()]


class Slot(Protocol):
    """The right to process one document at a time."""

    def holding(self, job_id: str) -> AbstractAsyncContextManager[bool]:
        """Hold a job, if nobody else does, until the block ends."""
        ...


class Slots(Protocol):
    """What keeps the number of documents that are processed at a time in bounds."""

    def taking(self, most: int) -> AbstractAsyncContextManager[Slot | None]:
        """Take one of so many slots, if one is free, until the block ends."""
        ...


class JobList(Protocol):
    """Knows which jobs wait."""

    async def next_jobs(self, ageing_seconds: float) -> Sequence[str]:
        """Give the jobs that may be taken up, the most urgent first."""
        ...

    async def is_waiting(self) -> bool:
        """Tell whether a job waits."""
        ...


class Queue:
    """Has documents processed, the most urgent first."""

    def __init__(
        self,
        jobs: JobList,
        slots: Slots,
        freshness: Freshness,
        processor: Processor,
        *,
        most_at_a_time: Callable[[], Awaitable[int]],
        most_here: int,
    ) -> None:
        self._jobs = jobs
        self._slots = slots
        self._freshness = freshness
        self._processor = processor
        self._most_at_a_time = most_at_a_time
        self._most_here = most_here
        self._here = 0

    async def work_off(self) -> None:
        """Process what waits, until nothing does or others have all slots.

        Of this process no more than ``most_here`` workers do it, so that other jobs are done too.
        """
        if self._here >= self._most_here:
            return
        self._here += 1
        try:
            await self._work_off()
        finally:
            self._here -= 1

    async def _work_off(self) -> None:
        while await self._work_in_a_slot() and await self._is_waiting():
            """What came in while the last slot was held may have found none."""

    async def _work_in_a_slot(self) -> bool:
        async with self._slots.taking(await self._most_at_a_time()) as slot:
            if slot is None:
                return False
            while await self._process_next(slot):
                """More may have come in, of which another is the most urgent."""
            return True

    async def _process_next(self, slot: Slot) -> bool:
        await self._freshness.reach_head(READ_MODELS)
        for job_id in await self._jobs.next_jobs(AGEING_SECONDS):
            async with slot.holding(job_id) as is_held:
                taken: TakenUp | None = None
                if is_held:
                    taken = await self._processor.take_up(job_id)
                if taken is not None:
                    await self._processor.process(taken)
                    return True
        return False

    async def _is_waiting(self) -> bool:
        await self._freshness.reach_head(READ_MODELS)
        return await self._jobs.is_waiting()


def document_processing(queue: Queue) -> Duty:
    """Make the duty that processes documents; every minute, it looks for jobs that lost theirs."""

    async def work(_: Arguments) -> None:
        await queue.work_off()

    return Duty(kind=PROCESS_DOCUMENTS, function=work, cron=EVERY_MINUTE)

"""Jobs: stewardships that are set up in the background, each at most once (contract section 8).

A stewardship and the completion of its job are recorded together. Whatever dies in between, there
are both or neither, and whoever takes the job up again finds which.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import NamedTuple

import msgspec

from application.errors import NotFoundError
from application.ports import EventStore, Identifiers
from application.retries import retrying
from application.stewardship.ports import Clock
from domain.errors import RuleViolatedError
from domain.events import Metadata
from domain.stewardship.definition import StewardshipDefinition
from domain.stewardship.fields import check_definition
from domain.stewardship.job import StewardshipJob
from domain.stewardship.stewardship import Stewardship

UNKNOWN_JOB = "Job not found"

# How many responsibilities are added between two looks at the rest of the world.
AT_A_TIME = 100

CHECKED = 0.2
WITH_STEWARDS = 0.4
WITH_RESPONSIBILITIES = 0.9


class Built(NamedTuple):
    """How far a stewardship has been built, and how far its job has come by that."""

    stewardship: Stewardship | None
    step: str
    progress: float


async def request_job(
    store: EventStore,
    identifiers: Identifiers,
    definition: StewardshipDefinition,
    metadata: Metadata,
    *,
    now: datetime,
) -> tuple[StewardshipJob, int]:
    """Ask for a stewardship in the background; give the job with its event's position.

    Raises InvalidFieldError for a definition that cannot be.
    """
    check_definition(definition)
    [job_id], [stewardship_id] = await asyncio.gather(
        identifiers.allocate("stewardship_job_ids"), identifiers.allocate("stewardship_ids")
    )
    job = StewardshipJob.request(
        job_id, stewardship_id=stewardship_id, definition=definition, now=now
    )
    return job, await store.save(job, metadata=metadata)


async def cancel_job(
    store: EventStore, job_id: int, metadata: Metadata, *, now: datetime
) -> tuple[StewardshipJob, int]:
    """Call a job off. Raises NotFoundError, RuleViolatedError for one that has ended."""

    def cancel(job: StewardshipJob) -> None:
        job.cancel(now=now)

    return await _change(store, job_id, cancel, metadata)


async def run_job(store: EventStore, clock: Clock, job_id: int, metadata: Metadata) -> None:
    """Set the stewardship of a job up, unless that has been done or nobody wants it any more.

    A definition that cannot be fails the job. What else goes wrong is raised, to be tried again.
    """
    job, _ = await _change(store, job_id, lambda job: job.start(now=clock()), metadata)
    if not job.is_open:
        return
    stewardship: Stewardship | None = None
    try:
        async for built in _building(job.state.stewardship_key, job.definition, clock):
            stewardship = built.stewardship
            job, _ = await _advance(store, job_id, built, clock, metadata)
            if not job.is_open:
                return
    except RuleViolatedError as refused:
        error = str(refused)
        await _change(store, job_id, lambda job: job.fail(error, now=clock()), metadata)
        return
    assert stewardship is not None
    job.complete(now=clock())
    # Who called the job off meanwhile was faster: then neither is recorded, and this is raised.
    await store.save(job, stewardship, metadata=metadata)


async def _building(
    stewardship_id: int, definition: StewardshipDefinition, clock: Clock
) -> AsyncIterator[Built]:
    """Build a stewardship step by step; nothing of it is recorded yet.

    Raises InvalidFieldError for a definition that cannot be, or can no longer be.
    """
    check_definition(definition)
    yield Built(None, "validation", CHECKED)
    now = clock()
    begun = msgspec.structs.replace(definition, responsibilities=[])
    stewardship = Stewardship.create(stewardship_id, begun, now=now)
    yield Built(stewardship, "stewards", WITH_STEWARDS)
    responsibilities = definition.responsibilities
    for first in range(0, len(responsibilities), AT_A_TIME):
        for responsibility in responsibilities[first : first + AT_A_TIME]:
            stewardship.add_responsibility(responsibility, now=now)
        share = min(first + AT_A_TIME, len(responsibilities)) / len(responsibilities)
        progress = WITH_STEWARDS + share * (WITH_RESPONSIBILITIES - WITH_STEWARDS)
        yield Built(stewardship, "responsibilities", round(progress, 3))


async def _advance(
    store: EventStore, job_id: int, built: Built, clock: Clock, metadata: Metadata
) -> tuple[StewardshipJob, int]:
    def advance(job: StewardshipJob) -> None:
        job.advance(built.step, built.progress, now=clock())

    return await _change(store, job_id, advance, metadata)


async def _change(
    store: EventStore,
    job_id: int,
    change: Callable[[StewardshipJob], object],
    metadata: Metadata,
) -> tuple[StewardshipJob, int]:
    async def attempt() -> tuple[StewardshipJob, int]:
        job = await _load(store, job_id)
        change(job)
        return job, await store.save(job, metadata=metadata)

    return await retrying(attempt)


async def _load(store: EventStore, job_id: int) -> StewardshipJob:
    try:
        return await store.load(StewardshipJob, job_id)
    except NotFoundError:
        raise NotFoundError(UNKNOWN_JOB) from None

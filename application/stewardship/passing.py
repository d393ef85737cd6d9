"""Letting time pass: everything that is due in whichever stewardship happens (contract section 8).

What is due follows from what was recorded, so that nothing is lost over a restart; and what has
happened is recorded and no longer due, so that of two processes that look at once one is too late.

Every minute somebody looks. What falls due before the next look has a job of its own.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from application.errors import ConflictError
from application.jobs import Arguments, Duty, Job, JobKind, JobQueue, RetryPolicy
from application.metadata import by_system
from application.ports import EventStore
from application.retries import retrying
from application.stewardship.ports import Clock
from application.subscription import Subscription
from domain.events import Metadata, Recorded
from domain.stewardship.execution_events import (
    WorkflowStepBegan,
    WorkflowStepEnded,
    WorkflowStepFailed,
    WorkflowStepRetried,
    WorkflowStepStarted,
    WorkflowStepTimedOut,
)
from domain.stewardship.passing_time import next_due, pass_time
from domain.stewardship.responsibility_events import ResponsibilityAdded, ResponsibilityRescheduled
from domain.stewardship.stewardship import Stewardship

# How many are looked after within a minute; the others have their turn in the next.
MOST_AT_A_TIME = 5_000

PASS_TIME = JobKind(
    name="let_stewardship_time_pass",
    timeout_seconds=600,
    retries=RetryPolicy(attempts=3),
)

WAKE = JobKind(name="wake_stewardship", timeout_seconds=600)

# Somewhat longer than it takes until somebody looks in any case.
SOON = timedelta(seconds=90)
A_SECOND = timedelta(seconds=1)

stewardship_wakings = Subscription("stewardship_wakings")


class DueStewardships(Protocol):
    """Knows in which stewardships something is due."""

    async def due(self, now: datetime, limit: int) -> Sequence[int]:
        """Give the ids of those in which something has been due the longest."""
        ...


async def let_time_pass(store: EventStore, stewardships: DueStewardships, clock: Clock) -> None:
    """Let everything happen that is due; what goes wrong with one does not keep others waiting.

    Raises the last of the errors, when all have had their turn. One that others are at work on has
    its turn in the next minute, and so has one that is not yet known to be due.
    """
    now = clock()
    metadata = by_system(f"stewardship-time-{uuid4()}")
    failure: Exception | None = None
    for stewardship_id in await stewardships.due(now, MOST_AT_A_TIME):
        try:
            await pass_time_of(store, stewardship_id, now, metadata)
        except ConflictError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in the end
            failure = error
    if failure is not None:
        raise failure


async def pass_time_of(
    store: EventStore, stewardship_id: int, now: datetime, metadata: Metadata
) -> datetime | None:
    """Let everything happen that is due in a stewardship; give when something is due again."""

    async def attempt() -> datetime | None:
        stewardship = await store.load(Stewardship, stewardship_id)
        pass_time(stewardship, now)
        await store.save(stewardship, metadata=metadata)
        return next_due(stewardship.state)

    return await retrying(attempt)


@stewardship_wakings.on(ResponsibilityAdded)
def responsibility_added(recorded: Recorded[ResponsibilityAdded]) -> Sequence[Job]:
    """Look when it falls overdue."""
    return _wake_at(recorded, recorded.event.definition.due_date)


@stewardship_wakings.on(ResponsibilityRescheduled)
def responsibility_rescheduled(recorded: Recorded[ResponsibilityRescheduled]) -> Sequence[Job]:
    """Look when it falls overdue now."""
    return _wake_at(recorded, recorded.event.due_date)


@stewardship_wakings.on(WorkflowStepStarted, WorkflowStepRetried)
def step_began(recorded: Recorded[WorkflowStepBegan]) -> Sequence[Job]:
    """Look when it times out."""
    return _wake_at(recorded, recorded.event.deadline)


@stewardship_wakings.on(WorkflowStepFailed, WorkflowStepTimedOut)
def step_ended(recorded: Recorded[WorkflowStepEnded]) -> Sequence[Job]:
    """Look when it is to be tried again."""
    return _wake_at(recorded, recorded.event.retry_at)


def passing_time(
    store: EventStore, stewardships: DueStewardships, queue: JobQueue, clock: Clock
) -> Iterator[Duty]:
    """Make the duties that let time pass: every minute wherever it is due, and when woken."""

    async def everywhere(_: Arguments) -> None:
        await let_time_pass(store, stewardships, clock)

    async def woken(arguments: Arguments) -> None:
        stewardship_id, now = int(arguments["stewardship_id"]), clock()
        metadata = by_system(f"stewardship-time-{uuid4()}")
        due_at = await pass_time_of(store, stewardship_id, now, metadata)
        if due_at is not None and due_at - now <= SOON:
            await queue.enqueue(_waking(stewardship_id, due_at))

    yield Duty(kind=PASS_TIME, function=everywhere, cron="* * * * *")
    yield Duty(kind=WAKE, function=woken)


def _wake_at(recorded: Recorded[Any], moment: datetime | None) -> Sequence[Job]:
    """Make the job for a moment that comes before long; of one that has passed, for now."""
    happened_at = recorded.event.timestamp
    if moment is None or moment - happened_at > SOON:
        return []
    stewardship_id = int(recorded.stream_id.removeprefix("stewardship-"))
    return [_waking(stewardship_id, max(moment, happened_at))]


def _waking(stewardship_id: int, moment: datetime) -> Job:
    """Make the job that looks just after a moment: one for all that falls due in a second."""
    at = moment.replace(microsecond=0) + A_SECOND
    stream_id = Stewardship.stream_id(stewardship_id)
    return WAKE.job(
        {"stewardship_id": stewardship_id}, at=at, queueing_lock=f"{stream_id}-{at.isoformat()}"
    )

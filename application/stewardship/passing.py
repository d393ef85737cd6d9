"""Letting time pass: everything that is due in whichever stewardship happens (contract section 8).

What is due follows from what was recorded, so that nothing is lost over a restart; and what has
happened is recorded and no longer due, so that of two processes that look at once one is too late.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from application.jobs import Arguments, Duty, JobKind, RetryPolicy
from application.metadata import by_system
from application.ports import EventStore, Freshness
from application.retries import retrying
from application.stewardship.ports import Clock
from domain.events import Metadata
from domain.stewardship.passing_time import pass_time
from domain.stewardship.stewardship import Stewardship

READ_MODELS = ("stewardships",)

# How many are looked after within a minute; the others have their turn in the next.
MOST_AT_A_TIME = 5_000

PASS_TIME = JobKind(
    name="let_stewardship_time_pass",
    timeout_seconds=600,
    retries=RetryPolicy(attempts=1),  # it comes again with the next minute
)


class DueStewardships(Protocol):
    """Knows in which stewardships something is due."""

    async def due(self, now: datetime, limit: int) -> Sequence[int]:
        """Give the ids of those in which something has been due the longest."""
        ...


async def let_time_pass(
    store: EventStore, freshness: Freshness, stewardships: DueStewardships, clock: Clock
) -> None:
    """Let everything happen that is due; what goes wrong with one does not keep others waiting.

    Raises the last of the errors, when all have had their turn.
    """
    await freshness.reach_head(READ_MODELS)
    now = clock()
    metadata = by_system(f"stewardship-time-{uuid4()}")
    failure: Exception | None = None
    for stewardship_id in await stewardships.due(now, MOST_AT_A_TIME):
        try:
            await pass_time_of(store, stewardship_id, now, metadata)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in the end
            failure = error
    if failure is not None:
        raise failure


async def pass_time_of(
    store: EventStore, stewardship_id: int, now: datetime, metadata: Metadata
) -> None:
    """Let everything happen that is due in a stewardship."""

    async def attempt() -> None:
        stewardship = await store.load(Stewardship, stewardship_id)
        pass_time(stewardship, now)
        await store.save(stewardship, metadata=metadata)

    await retrying(attempt)


def passing_time(
    store: EventStore, freshness: Freshness, stewardships: DueStewardships, clock: Clock
) -> Duty:
    """Make the duty that lets time pass every minute; one at a time, in whichever process."""

    async def function(_: Arguments) -> None:
        await let_time_pass(store, freshness, stewardships, clock)

    return Duty(kind=PASS_TIME, function=function, cron="* * * * *")

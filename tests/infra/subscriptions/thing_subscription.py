"""The subscription that the projector is tested with: for each note of a thing, a job."""

from collections.abc import Sequence

import psycopg

from application.jobs import Job
from application.subscription import Subscription
from domain.events import Recorded
from tests.infra.event_store.opening import rows
from tests.infra.event_store.thing import ThingNoted


def thing_subscription(
    name: str = "echoes", *, version: int = 1, at_a_loss_with: frozenset[str] = frozenset()
) -> Subscription:
    """Make a subscription that is at a loss with some notes; of "twice" it makes two jobs."""
    echoes = Subscription(name, version=version)

    @echoes.on(ThingNoted)
    def echo(recorded: Recorded[ThingNoted]) -> Sequence[Job]:
        note = recorded.event.note
        if note in at_a_loss_with:
            raise LookupError(note)
        jobs = 2 if note == "twice" else 1
        return [Job(name="echo", arguments={"position": recorded.position})] * jobs

    return echoes


async def echoed(sql: psycopg.AsyncConnection) -> list[int]:
    """Give the positions of the events that jobs were enqueued for, in the order of the jobs."""
    asked = "SELECT (args ->> 'position')::bigint FROM jobs.procrastinate_jobs ORDER BY id"
    return [int(str(position)) for (position,) in await rows(sql, asked)]

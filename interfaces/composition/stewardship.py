"""What stewardships have done in the background."""

from collections.abc import Iterator

from application.jobs import Duty
from application.stewardship.notifying import Notifier
from application.stewardship.passing import passing_time
from application.stewardship.running import notifying, running_jobs
from infra.clock import wall_clock
from infra.jobs.queue import PostgresJobQueue
from infra.mail.opening import mailer
from infra.webhooks.audience import RegisteredAudience
from interfaces.composition.catalogue import OUTWARD
from interfaces.composition.foundation import Foundation
from projections.identity.queries import IdentityQueries
from projections.stewardship.queries import StewardshipQueries


def stewardship_duties(base: Foundation) -> Iterator[Duty]:
    """Give the duties of stewardship."""
    store = base.event_store.store
    queue = PostgresJobQueue(base.pool)
    notifier = Notifier(
        store,
        queue,
        mailer=mailer(base.settings),
        users=IdentityQueries(base.pool),
        audience=RegisteredAudience(base.pool),
        catalogue=OUTWARD,
        clock=wall_clock,
    )
    yield running_jobs(store, wall_clock)
    yield notifying(notifier)
    due = StewardshipQueries(base.pool)
    yield from passing_time(store, due, queue, wall_clock)

"""What stewardships have done in the background."""

from collections.abc import Iterator
from datetime import UTC, datetime

from application.jobs import Duty
from application.stewardship.notifying import Notifier
from application.stewardship.running import notifying, running_jobs
from infra.jobs.queue import PostgresJobQueue
from infra.mail.opening import mailer
from infra.webhooks.audience import RegisteredAudience
from interfaces.composition.catalogue import OUTWARD
from interfaces.composition.foundation import Foundation


def stewardship_duties(base: Foundation) -> Iterator[Duty]:
    """Give the duties of stewardship."""
    store = base.event_store.store
    notifier = Notifier(
        store,
        PostgresJobQueue(base.pool),
        mailer=mailer(base.settings),
        audience=RegisteredAudience(base.pool),
        catalogue=OUTWARD,
        clock=_now,
    )
    yield running_jobs(store, _now)
    yield notifying(notifier)


def _now() -> datetime:
    return datetime.now(UTC)

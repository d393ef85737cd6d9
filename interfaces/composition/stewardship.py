"""What stewardships have done in the background."""

from collections.abc import Iterator
from datetime import UTC, datetime

from application.jobs import Duty
from application.mail import Mailer
from application.stewardship.notifying import Notifier
from application.stewardship.running import notifying, running_jobs
from infra.jobs.queue import PostgresJobQueue
from infra.mail.server import default_sender, parse_smtp_url
from infra.mail.smtp import SmtpMailer
from infra.settings import Settings
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


def mailer(settings: Settings) -> Mailer | None:
    """Give what sends mail; None where no server is set."""
    if settings.smtp_url is None:
        return None
    server = parse_smtp_url(settings.smtp_url)
    return SmtpMailer(server, settings.smtp_from or default_sender(server))


def _now() -> datetime:
    return datetime.now(UTC)

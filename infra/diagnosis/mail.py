"""The doctor's check of the mail server."""

import asyncio
from collections.abc import Iterator

from application.mail import MailResult
from infra.diagnosis.patient import Seen, fine, problem
from infra.mail.opening import mailer
from infra.settings import Settings


def examine_mail(settings: Settings) -> Iterator[Seen]:
    """See whether the mail server answers, and lets Annals in; no mail is sent."""
    sender = mailer(settings)
    if sender is None:
        yield fine("SMTP_URL is not set: no e-mail is sent")
        return
    outcome = asyncio.run(sender.reach())
    if outcome.result is MailResult.SENT:
        yield fine("the mail server answers")
    else:
        yield problem(outcome.detail, "Start it, or correct SMTP_URL")

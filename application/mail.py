"""Mail to people outside, by whatever server the settings name."""

from enum import StrEnum
from typing import Protocol

import msgspec


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one person.

    ``id`` becomes its Message-ID: who sends it again, since it is not known whether the first
    arrived, gives it the same, by which mail programs show it once.
    """

    id: str
    to: str
    subject: str
    text: str


class MailResult(StrEnum):
    """What became of a mail: a refused one would be again, a failed one may pass later."""

    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"


class MailOutcome(msgspec.Struct, frozen=True):
    """What became of a mail; ``detail`` says why in words of our own, without addresses."""

    result: MailResult
    detail: str


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, mail: Mail) -> MailOutcome:
        """Hand a mail over to the server; whatever goes wrong is an outcome."""
        ...

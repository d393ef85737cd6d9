"""Hands mail over by SMTP.

Nothing is logged here: addresses, texts and what servers answer may hold personal data.
"""

import asyncio
import ssl
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from functools import cached_property

import aiosmtplib
from aiosmtplib import SMTP

from application.mail import Mail, MailOutcome, MailResult
from infra.mail.server import MailServer

TIMEOUT_SECONDS = 30.0
LONGEST_SUBJECT = 200
PERMANENT = 500

UNDELIVERABLE = MailOutcome(MailResult.REFUSED, "the address is none that mail can be sent to")


class SmtpMailer:
    """Implements the application's Mailer port, with a connection for each mail.

    ``sender`` is the address that mail comes from. No attempt takes longer than the timeout.
    """

    def __init__(
        self, server: MailServer, sender: str, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._server = server
        self._sender = sender
        self._timeout_seconds = timeout_seconds

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Who is trusted; read when it is first needed, for that takes time."""
        return ssl.create_default_context()

    async def send(self, mail: Mail) -> MailOutcome:
        """Hand a mail over to the server; whatever goes wrong is an outcome."""
        try:
            message = self._message(mail)
        except (ValueError, IndexError, MessageError):
            return UNDELIVERABLE
        return await self._converse(message, mail.to)

    async def reach(self) -> MailOutcome:
        """Connect to the server as for a mail, and send none."""
        return await self._converse(None, "")

    async def _converse(self, message: EmailMessage | None, recipient: str) -> MailOutcome:
        client = self._client()
        outcome = None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._connect(client)
                if message is not None:
                    await client.send_message(message, sender=self._sender, recipients=[recipient])
                outcome = MailOutcome(MailResult.SENT, "handed over to the mail server")
                await client.quit()
        except Exception as error:  # noqa: BLE001 - whatever a server brings about is an outcome
            # What the server has taken over is sent, however the goodbye went.
            outcome = outcome or _outcome(error)
        finally:
            client.close()
        return outcome

    def _message(self, mail: Mail) -> EmailMessage:
        """Write the mail. Raises what the library does for an address that is none."""
        if not mail.to.isascii():
            raise ValueError
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = Address("Annals", addr_spec=self._sender)
        message["To"] = Address(addr_spec=mail.to)
        message["Subject"] = _one_line(mail.subject)
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{mail.id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message

    @property
    def _domain(self) -> str:
        return self._sender.rpartition("@")[2]

    def _client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=self._domain,
            timeout=self._timeout_seconds,
            use_tls=server.security == "tls",
            start_tls=False,
            tls_context=None if server.security == "never" else self._tls,
        )

    async def _connect(self, client: SMTP) -> None:
        """Connect, turn to TLS, log in. Raises _NoStartTlsError and what the library does."""
        server = self._server
        await client.connect()
        await client.ehlo()
        if server.security in ("required", "offered"):
            if client.supports_extension("starttls"):
                await client.starttls()
            elif server.security == "required":
                raise _NoStartTlsError
        if server.username is not None:
            await client.login(server.username, server.password or "")


class _NoStartTlsError(Exception):
    """The server has no TLS, and must have it."""


def _one_line(text: str) -> str:
    """Take out what could end the header, which is also nothing that a reader sees."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:LONGEST_SUBJECT]


FAILURES = (
    (_NoStartTlsError, "the mail server offers no STARTTLS"),
    (ssl.SSLError, "no trusted TLS connection could be made"),
    (aiosmtplib.SMTPAuthenticationError, "the mail server refused name and password"),
    (TimeoutError, "the mail server did not answer in time"),
    (aiosmtplib.SMTPConnectError, "no connection to the mail server could be made"),
)
BROKEN = "the connection broke, or the answer was not to be understood"


def _outcome(error: Exception) -> MailOutcome:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _answered(error.recipients[0].code, "refused the recipient")
    for kind, said in (
        (aiosmtplib.SMTPSenderRefused, "refused the sender"),
        (aiosmtplib.SMTPDataError, "refused the message"),
    ):
        if isinstance(error, kind):
            return _answered(error.code, said)
    cause = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
    detail = next((said for kind, said in FAILURES if isinstance(cause, kind)), BROKEN)
    return MailOutcome(MailResult.FAILED, detail)


def _answered(code: int, said: str) -> MailOutcome:
    result = MailResult.REFUSED if code >= PERMANENT else MailResult.FAILED
    return MailOutcome(result, f"the mail server {said} ({code})")

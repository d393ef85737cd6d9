"""Real mail servers on ports of their own, and what they were sent."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USERNAME = "annals"
PASSWORD = "p@ss word/of:tests"


@dataclass
class MailBox:
    """A server's port, what it takes and what it took."""

    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    authenticated: list[bool] = field(default_factory=list)
    recipient_answer: str | None = None
    data_answer: str | None = None
    hangs: bool = False

    async def handle_RCPT(  # noqa: N802 - the library's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self.hangs:
            await asyncio.Event().wait()
        if self.recipient_answer is not None:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.data_answer is None:
            self.taken.append(envelope)
            self.authenticated.append(bool(session.authenticated))
        return self.data_answer or "250 OK"


def authenticator(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(
        success=data == LoginPassword(USERNAME.encode(), PASSWORD.encode()), handled=False
    )


@contextlib.asynccontextmanager
async def mail_server(
    *, starttls: Path | None = None, tls: Path | None = None, auth: bool = False
) -> AsyncIterator[MailBox]:
    """Serve until the block ends; TLS by a file with key and certificate."""
    box = MailBox()

    def protocol() -> SMTP:
        return SMTP(
            box,
            hostname="localhost",
            loop=asyncio.get_running_loop(),
            enable_SMTPUTF8=False,
            tls_context=_context(starttls) if starttls is not None else None,
            authenticator=authenticator if auth else None,
            # Of TLS that was there from the beginning, the library knows nothing.
            auth_required=auth and tls is None,
            auth_require_tls=tls is None,
        )

    context = _context(tls) if tls is not None else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context

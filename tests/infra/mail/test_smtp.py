"""Handing mail over to real servers, over real connections."""

import asyncio
import email
import email.policy
import ssl
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope

from application.mail import Mail, MailResult
from infra.mail.server import MailServer, Security
from infra.mail.smtp import SmtpMailer
from tests.infra.mail.servers import PASSWORD, USERNAME, MailBox, mail_server
from tests.infra.webhooks.test_client import certified

pytestmark = pytest.mark.anyio

MAIL = Mail(
    id="notification-7",
    to="manager@company.example",
    subject="Overdue: Data Quality Review",
    text="It was due yesterday.\nPlease see to it.\n",
)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate for localhost, which this process trusts."""
    certified("localhost", tmp_path)
    path = tmp_path / "certificate.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


def mailer(
    box: MailBox, security: Security = "offered", *, auth: bool = False, timeout: float = 5.0
) -> SmtpMailer:
    server = MailServer(
        host="localhost",
        port=box.port,
        security=security,
        username=USERNAME if auth else None,
        password=PASSWORD if auth else None,
    )
    return SmtpMailer(server, "annals@example.org", timeout_seconds=timeout)


def only(box: MailBox) -> EmailMessage:
    [envelope] = box.taken
    return parsed(envelope)


def parsed(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def content(message: EmailMessage) -> str:
    text: str = message.get_content()
    return text.replace("\r\n", "\n")


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with mail_server() as box:
        outcome = await mailer(box).send(MAIL)
    message = only(box)

    assert outcome.result is MailResult.SENT
    assert box.taken[0].mail_from == "annals@example.org"
    assert box.taken[0].rcpt_tos == ["manager@company.example"]
    assert message["From"] == "Annals <annals@example.org>"
    assert message["To"] == "manager@company.example"
    assert message["Subject"] == MAIL.subject
    assert message["Auto-Submitted"] == "auto-generated"
    assert content(message) == MAIL.text


async def test_the_same_mail_bears_the_same_id() -> None:
    async with mail_server() as box:
        await mailer(box).send(MAIL)
        await mailer(box).send(MAIL)
    ids = [parsed(taken)["Message-ID"] for taken in box.taken]
    assert ids == ["<notification-7@example.org>"] * 2


async def test_text_of_any_language_arrives() -> None:
    mail = Mail(id="1", to="a@b.example", subject="Überfällig: 検査 🧾", text="Grüße — 検査\n")
    async with mail_server() as box:
        await mailer(box).send(mail)
    assert only(box)["Subject"] == mail.subject
    assert content(only(box)) == mail.text


async def test_a_subject_cannot_bring_headers_of_its_own() -> None:
    mail = Mail(
        id="1",
        to="a@b.example",
        subject="Review\r\nBcc: everybody@company.example\n\n<script>\x00\x1b[31m\u2028x",
        text="\n.\nRSET\n",
    )
    async with mail_server() as box:
        outcome = await mailer(box).send(mail)
    message = only(box)
    assert outcome.result is MailResult.SENT
    assert message["Bcc"] is None
    assert message["Subject"] == "Review Bcc: everybody@company.example <script> [31m x"
    assert box.taken[0].rcpt_tos == ["a@b.example"]
    assert content(message) == mail.text


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example, c@d.example",
        "Ann <a@b.example>",
        "a@b.example>\r\nRCPT TO:<c@d.example",
        "@b.example",
        "a@",
        "a b@c.example",
        "jürgen@b.example",
    ],
)
async def test_what_is_no_address_is_refused_before_anything_is_sent(address: str) -> None:
    async with mail_server() as box:
        outcome = await mailer(box).send(Mail(id="1", to=address, subject="x", text="x"))
    assert outcome.result is MailResult.REFUSED
    assert box.taken == []


@pytest.mark.parametrize(
    ("answer", "result"),
    [("550 No such user", MailResult.REFUSED), ("451 Try again later", MailResult.FAILED)],
)
async def test_a_refusal_for_good_is_told_from_one_for_now(answer: str, result: MailResult) -> None:
    async with mail_server() as box:
        box.recipient_answer = answer
        recipient = await mailer(box).send(MAIL)
        box.recipient_answer, box.data_answer = None, answer
        data = await mailer(box).send(MAIL)
    assert (recipient.result, data.result) == (result, result)
    assert recipient.detail == f"the mail server refused the recipient ({answer[:3]})"
    assert data.detail == f"the mail server refused the message ({answer[:3]})"


async def test_starttls_is_used_where_it_is_offered(certificate: Path) -> None:
    async with mail_server(starttls=certificate, auth=True) as box:
        outcome = await mailer(box, "required", auth=True).send(MAIL)
    assert outcome.result is MailResult.SENT
    assert only(box)["Subject"] == MAIL.subject
    assert box.authenticated == [True]


async def test_tls_from_the_beginning(certificate: Path) -> None:
    async with mail_server(tls=certificate, auth=True) as box:
        outcome = await mailer(box, "tls", auth=True).send(MAIL)
    assert outcome.result is MailResult.SENT
    assert only(box)["Subject"] == MAIL.subject
    assert box.authenticated == [True]


async def test_a_password_is_not_sent_where_no_starttls_is_offered() -> None:
    async with mail_server() as box:
        outcome = await mailer(box, "required", auth=True).send(MAIL)
    assert outcome.result is MailResult.FAILED
    assert outcome.detail == "the mail server offers no STARTTLS"


async def test_a_server_that_nobody_vouches_for_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    pem = tmp_path / "certificate.pem"
    async with mail_server(starttls=pem) as starttls, mail_server(tls=pem) as tls:
        outcomes = [
            await mailer(starttls).send(MAIL),
            await mailer(starttls, "required").send(MAIL),
            await mailer(tls, "tls").send(MAIL),
        ]
    assert {outcome.result for outcome in outcomes} == {MailResult.FAILED}
    assert {outcome.detail for outcome in outcomes} == {"no trusted TLS connection could be made"}
    assert starttls.taken == tls.taken == []


async def test_a_wrong_password_may_be_corrected(certificate: Path) -> None:
    async with mail_server(tls=certificate, auth=True) as box:
        server = MailServer(
            host="localhost", port=box.port, security="tls", username=USERNAME, password="wrong"
        )
        outcome = await SmtpMailer(server, "annals@example.org").send(MAIL)
    assert outcome.result is MailResult.FAILED
    assert outcome.detail == "the mail server refused name and password"


async def test_a_server_that_hangs_is_not_waited_for() -> None:
    async with mail_server() as box:
        box.hangs = True
        outcome = await mailer(box, timeout=0.2).send(MAIL)
    assert outcome.result is MailResult.FAILED
    assert outcome.detail == "the mail server did not answer in time"


async def test_nobody_there_and_nonsense_are_outcomes_too() -> None:
    async with mail_server() as box:
        pass
    assert (await mailer(box).send(MAIL)).detail == "no connection to the mail server could be made"

    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await mailer(MailBox(port=port)).send(MAIL)
    assert outcome.result is MailResult.FAILED


async def test_no_outcome_tells_an_address() -> None:
    async with mail_server() as box:
        box.recipient_answer = "550 <manager@company.example> unknown"
        outcome = await mailer(box).send(MAIL)
    assert "manager" not in outcome.detail
    assert "unknown" not in outcome.detail


async def test_a_server_can_be_reached_without_a_mail() -> None:
    async with mail_server() as box:
        reached = await mailer(box).reach()
    assert reached.result is MailResult.SENT
    assert (await mailer(box).reach()).result is MailResult.FAILED
    assert box.taken == []

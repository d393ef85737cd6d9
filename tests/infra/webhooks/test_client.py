"""Whatever a receiver does, an attempt ends in time, with an outcome and nothing else."""

import datetime
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from application.webhooks.deliveries import DeliveryError, Outgoing, Sent
from infra.webhooks.addresses import CheckedAddresses
from infra.webhooks.client import HttpWebhookClient
from tests.infra.webhooks.receiver import Answer, Receiver, receiving
from tests.serving import NO_AUTHORITIES

pytestmark = pytest.mark.anyio

TIMEOUT_SECONDS = 0.5
OUTGOING = Outgoing(
    delivery_id="5b0c7a54-3c8c-4f6e-9d3b-0d8f6e7a1b2c",
    event="run.started",
    timestamp=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC),
    data={"run_id": 1},
)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as served:
        yield served


def client(
    *, allow_private: bool = True, tls: ssl.SSLContext = NO_AUTHORITIES
) -> HttpWebhookClient:
    return HttpWebhookClient(
        CheckedAddresses(allow_private=allow_private),
        timeout_seconds=TIMEOUT_SECONDS,
        user_agent="annals/test",
        tls=tls,
    )


async def sent(url: str, **options: Any) -> Sent:
    return await client(**options).send(url, OUTGOING, ["secret"])


async def answered(receiver: Receiver, answer: Answer) -> Sent:
    path = f"/{answer}".replace(" ", "-")
    receiver.answers[path] = [answer]
    return await sent(receiver.url(path))


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_an_answer_of_the_200s_acknowledges(receiver: Receiver, status: int) -> None:
    outcome = await answered(receiver, status)
    assert (outcome.status_code, outcome.error) == (status, None)


@pytest.mark.parametrize("status", [300, 301, 302, 307, 400, 404, 410, 500, 503])
async def test_any_other_answer_does_not(receiver: Receiver, status: int) -> None:
    receiver.headers["Location"] = receiver.url("/elsewhere")
    outcome = await answered(receiver, status)
    del receiver.headers["Location"]

    assert (outcome.status_code, outcome.error) == (status, DeliveryError.BAD_STATUS)
    assert not receiver.at("/elsewhere")


@pytest.mark.parametrize("answer", ["hang", "drip", "drip headers"])
async def test_a_slow_answer_is_cut_off_in_time(receiver: Receiver, answer: str) -> None:
    began = time.monotonic()
    outcome = await answered(receiver, answer)

    assert outcome.error is DeliveryError.TIMEOUT
    assert TIMEOUT_SECONDS * 0.9 < time.monotonic() - began < TIMEOUT_SECONDS + 1
    assert outcome.duration_ms >= TIMEOUT_SECONDS * 900


async def test_an_endless_answer_is_read_no_further_than_needed(receiver: Receiver) -> None:
    outcome = await answered(receiver, "endless")
    assert (outcome.status_code, outcome.error) == (200, None)


@pytest.mark.parametrize("answer", ["half", "reset", "nonsense"])
async def test_an_answer_that_breaks_off_is_none(receiver: Receiver, answer: str) -> None:
    assert (await answered(receiver, answer)).error is DeliveryError.NETWORK_ERROR


async def test_where_nobody_listens_there_is_no_answer() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        outcome = await sent(f"http://127.0.0.1:{port}/")
    assert (outcome.status_code, outcome.error) == (None, DeliveryError.NETWORK_ERROR)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("999999", 3600), ("soon", None), ("-1", None)]
)
async def test_a_busy_endpoint_says_when_to_come_back(
    receiver: Receiver, header: str, seconds: int | None
) -> None:
    receiver.headers["Retry-After"] = header
    busy, broken = await answered(receiver, 429), await answered(receiver, 500)
    del receiver.headers["Retry-After"]

    assert busy.retry_after == seconds
    assert broken.retry_after is None


async def test_a_private_address_is_refused_when_it_is_sent_to(receiver: Receiver) -> None:
    outcome = await sent(receiver.url("/private"), allow_private=False)

    assert outcome.error is DeliveryError.ADDRESS_REFUSED
    assert not receiver.at("/private")


async def test_a_name_that_means_something_else_later_is_looked_up_once(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lookups = socket.getaddrinfo, []

    def rebinding(host: str, port: int, *arguments: Any, **options: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *arguments, **options)
        lookups.append(host)
        address = "127.0.0.1" if len(lookups) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    outcome = await sent(f"http://rebinding.example:{receiver.port}/rebound")

    assert outcome.error is None
    assert lookups == ["rebinding.example"]
    assert receiver.at("/rebound")[0].headers["host"] == f"rebinding.example:{receiver.port}"


async def test_a_redelivery_is_marked(receiver: Receiver) -> None:
    again = Outgoing(
        delivery_id=OUTGOING.delivery_id,
        event="run.started",
        timestamp=OUTGOING.timestamp,
        data={},
        redelivery=True,
    )
    await sent(receiver.url("/marked"))
    await client().send(receiver.url("/marked"), again, ["secret"])
    first, second = receiver.at("/marked")

    assert "webhook-redelivery" not in first.headers
    assert second.headers["webhook-redelivery"] == "true"
    assert first.delivery_id == second.delivery_id
    assert second.headers["content-type"] == "application/json"


async def test_tls_is_about_the_name_though_the_address_was_looked_up_before(
    tmp_path: Path,
) -> None:
    trusted, served = certified("localhost", tmp_path)
    with receiving(served) as receiver:
        url = f"https://localhost:{receiver.port}/hook"
        right = await sent(url, tls=trusted)
        wrong = await sent(receiver.url(), tls=trusted)

    assert right.error is None
    assert wrong.error is DeliveryError.NETWORK_ERROR
    assert len(receiver.received) == 1


def certified(name: str, directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Give a context that trusts a certificate for a name, and one that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.9.9.9"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = directory / "certificate.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem)
    return ssl.create_default_context(cafile=pem), served

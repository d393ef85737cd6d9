"""Who has the secret can tell from the raw body alone that Annals sent it."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook
from standardwebhooks.webhooks import WebhookVerificationError

from application.webhooks.deliveries import Outgoing
from domain.webhooks.secret import derive_secret
from infra.webhooks.signing import SignedMessage, sign

OUTGOING = Outgoing(
    delivery_id="5b0c7a54-3c8c-4f6e-9d3b-0d8f6e7a1b2c",
    event="run.started",
    timestamp=datetime(2026, 11, 22, 10, 30, 0, 123456, tzinfo=UTC),
    data={"run_id": 42, "entity_name": "Zoë \U0001f40e </script>", "rate": 0.1, "none": None},
)
TEXT = "a secret that somebody made up"
STANDARD = derive_secret(b"s" * 32)
OLDER = derive_secret(b"o" * 32)


def verify_webhook_signature(payload: str, signature: str, secret: str) -> bool:
    """The seed's own (football-automation-api.md, Webhook Security)."""
    expected_signature = hmac.new(
        secret.encode("utf-8"), payload.encode("utf-8"), hashlib.sha256
    ).hexdigest()
    return hmac.compare_digest(f"sha256={expected_signature}", signature)


def signed(*secrets: str) -> SignedMessage:
    return sign(OUTGOING, secrets, datetime.now(UTC))


def standard(secret: str) -> StandardWebhook:
    return StandardWebhook(secret if secret.startswith("whsec_") else secret.encode())


@pytest.mark.parametrize("secret", [TEXT, STANDARD])
def test_the_seeds_function_verifies_the_raw_body(secret: str) -> None:
    message = signed(secret)
    signature = message.headers["X-Signature-256"]

    assert verify_webhook_signature(message.body.decode(), signature, secret)
    assert not verify_webhook_signature(message.body.decode() + " ", signature, secret)
    assert not verify_webhook_signature(message.body.decode(), signature, OLDER)


@pytest.mark.parametrize("secret", [TEXT, STANDARD])
def test_the_library_of_standard_webhooks_verifies_it(secret: str) -> None:
    message = signed(secret)
    verified: Any = standard(secret).verify(message.body, message.headers)

    assert verified["event"] == "run.started"
    with pytest.raises(WebhookVerificationError):
        standard(OLDER).verify(message.body, message.headers)
    with pytest.raises(WebhookVerificationError):
        standard(secret).verify(message.body.replace(b"42", b"43"), message.headers)


@pytest.mark.parametrize("secret", [TEXT, STANDARD])
def test_the_bodys_own_signature_is_over_the_body_without_it(secret: str) -> None:
    body = json.loads(signed(secret).body)
    own = body.pop("signature")
    without = json.dumps(body, separators=(",", ":"), ensure_ascii=False)

    assert list(body) == ["event", "timestamp", "data", "delivery_id"]
    assert verify_webhook_signature(without, own, secret)


def test_the_body_is_compact_and_says_what_happened() -> None:
    body = signed(TEXT).body
    expected = {
        "event": "run.started",
        "timestamp": "2026-11-22T10:30:00.123456Z",
        "data": OUTGOING.data,
        "delivery_id": OUTGOING.delivery_id,
        "signature": json.loads(body)["signature"],
    }

    assert body == json.dumps(expected, separators=(",", ":"), ensure_ascii=False).encode()


def test_while_two_secrets_hold_the_owner_of_either_can_verify() -> None:
    message = signed(STANDARD, OLDER)
    headers = message.headers
    text = message.body.decode()

    assert len(headers["webhook-signature"].split(" ")) == 2
    assert standard(STANDARD).verify(message.body, headers)
    assert standard(OLDER).verify(message.body, headers)
    assert verify_webhook_signature(text, headers["X-Signature-256"], STANDARD)
    assert verify_webhook_signature(text, headers["X-Signature-256-Previous"], OLDER)


def test_with_one_secret_there_is_no_previous_signature() -> None:
    assert "X-Signature-256-Previous" not in signed(STANDARD).headers


def test_no_header_and_no_body_tells_the_secret() -> None:
    message = signed(STANDARD, TEXT)
    key = base64.b64decode(STANDARD.removeprefix("whsec_"))
    everything = message.body + json.dumps(message.headers).encode()

    for secret in (STANDARD.encode(), TEXT.encode(), key):
        assert secret not in everything

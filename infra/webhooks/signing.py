"""What a webhook says, and the signatures that show who says it (contract section 11).

Every signature is an HMAC with SHA-256. That of GitHub's kind is keyed with the secret as it was
told, that of Standard Webhooks with what a secret of their form, ``whsec_`` and base64, encodes.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from application.webhooks.deliveries import Outgoing

STANDARD_PREFIX = "whsec_"


class SignedMessage(msgspec.Struct, frozen=True):
    """The body as it is sent, with the headers that belong to it."""

    body: bytes
    headers: dict[str, str]


def sign(message: Outgoing, secrets: Sequence[str], now: datetime) -> SignedMessage:
    """Sign a message with the secrets that are in force, newest first.

    Without its last member, ``signature``, the body reads as what that member signs. While an older
    secret still holds, who has only that one checks ``webhook-signature``, in which each has its
    part, or ``X-Signature-256-Previous`` in place of ``X-Signature-256``.
    """
    newest, *older = secrets
    unsigned = msgspec.json.encode(
        {
            "event": message.event,
            "timestamp": _text(message.timestamp),
            "data": message.data,
            "delivery_id": message.delivery_id,
        }
    )
    body = unsigned[:-1] + f',"signature":"{_github(newest, unsigned)}"}}'.encode()
    sent_at = str(int(now.timestamp()))
    signed = f"{message.delivery_id}.{sent_at}.".encode() + body
    headers = {
        "X-Signature-256": _github(newest, body),
        "webhook-id": message.delivery_id,
        "webhook-timestamp": sent_at,
        "webhook-signature": " ".join(_standard(secret, signed) for secret in secrets),
    }
    if older:
        headers["X-Signature-256-Previous"] = _github(older[0], body)
    return SignedMessage(body, headers)


def _github(secret: str, content: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def _standard(secret: str, content: bytes) -> str:
    code = hmac.new(_standard_key(secret), content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(code).decode()


def _standard_key(secret: str) -> bytes:
    if secret.startswith(STANDARD_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

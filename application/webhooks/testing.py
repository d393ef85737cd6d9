"""Sending a test event to a webhook, so that its owner sees whether it arrives."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from application.ports import EventStore
from application.webhooks.deliveries import DeliveryError, Outgoing, WebhookClient
from domain.webhooks.webhook import Webhook

TEST_EVENT = "test"


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """How a test event was received; ``status_code`` is None where nothing was answered."""

    delivery_id: str
    url: str
    delivered: bool
    status_code: int | None
    error: DeliveryError | None
    duration_ms: float


async def send_test(store: EventStore, client: WebhookClient, webhook_id: int) -> Tested:
    """Send a signed ``test`` event at once, disabled or not; no delivery is kept of it.

    Raises NotFoundError.
    """
    webhook = await store.load(Webhook, webhook_id)
    now = datetime.now(UTC)
    message = Outgoing(
        delivery_id=str(uuid4()),
        event=TEST_EVENT,
        timestamp=now,
        data={"message": "Annals can reach this webhook"},
    )
    sent = await client.send(webhook.state.url, message, webhook.secrets_at(now))
    return Tested(
        delivery_id=message.delivery_id,
        url=webhook.state.url,
        delivered=sent.error is None,
        status_code=sent.status_code,
        error=sent.error,
        duration_ms=sent.duration_ms,
    )

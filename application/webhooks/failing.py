"""Disabling webhooks whose endpoints do not answer any more (contract section 11)."""

from datetime import datetime

from application.ports import EventStore
from application.retries import retrying
from domain.events import Metadata
from domain.webhooks.events import DisabledBecause
from domain.webhooks.webhook import Webhook


async def disable_failing(
    store: EventStore,
    webhook_id: int,
    reason: DisabledBecause,
    failing_since: datetime | None,
    metadata: Metadata,
) -> None:
    """Send nothing to a webhook until somebody enables it; what is pending waits for that."""

    async def attempt() -> None:
        webhook = await store.load(Webhook, webhook_id)
        webhook.disable(reason, failing_since)
        await store.save(webhook, metadata=metadata)

    await retrying(attempt)

"""Webhook deliveries as they are shown, over HTTP and in the terminal alike."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from application.webhooks.deliveries import (
    Attempt,
    DeliveryError,
    DeliveryFilter,
    DeliveryStatus,
    QueuedDelivery,
)
from application.webhooks.handlers import find_webhook
from interfaces.services import Services

READ_MODELS = ("webhooks", "webhook_deliveries")


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery, as lists show it; ``position`` and ``stream_id`` are those of its event.

    ``url`` is null once the webhook is unregistered, ``next_attempt_at`` for a delivery that has
    ended or waits for an earlier event of its stream. ``redelivery`` tells of one that was sent
    again on request.
    """

    delivery_id: str
    url: str | None
    event: str
    status: DeliveryStatus
    attempts: int
    redelivery: bool
    last_status_code: int | None
    last_error: DeliveryError | None
    position: int
    stream_id: str
    created_at: datetime
    updated_at: datetime
    next_attempt_at: datetime | None


class DeliveryDetail(DeliveryView, frozen=True, kw_only=True):
    """A delivery with all attempts at it, the oldest first."""

    attempt_log: Sequence[Attempt]


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of deliveries, newest event first, and how many there are on all pages."""

    items: Sequence[DeliveryView]
    total: int


async def delivery_page(
    services: Services,
    *,
    url: str | None,
    status: DeliveryStatus | None,
    event: str | None,
    page: int,
    size: int,
) -> DeliveryPage:
    """Show a page of deliveries. Raises NotFoundError for a URL without a webhook."""
    webhook_id = int((await find_webhook(services.store, url)).key) if url is not None else None
    await services.freshness.reach_head(READ_MODELS)
    wanted = DeliveryFilter(webhook_id=webhook_id, status=status, event=event)
    found = await services.deliveries.newest(wanted, page=page, size=size)
    urls = await _urls(services)
    return DeliveryPage(items=[_view(item, urls) for item in found.items], total=found.total)


async def delivery_detail(services: Services, delivery_id: str) -> DeliveryDetail:
    """Show a delivery. Raises NotFoundError."""
    await services.freshness.reach_head(READ_MODELS)
    found = await services.deliveries.get(delivery_id)
    attempts = await services.deliveries.attempts(delivery_id)
    shown = msgspec.structs.asdict(_view(found, await _urls(services)))
    return DeliveryDetail(**shown, attempt_log=attempts)


async def redelivered(services: Services, delivery_id: str) -> DeliveryView:
    """Have a delivery sent again, and show it. Raises what Deliveries.redeliver raises."""
    await services.freshness.reach_head(READ_MODELS)
    return _view(await services.deliveries.redeliver(delivery_id), await _urls(services))


async def _urls(services: Services) -> Mapping[int, str]:
    return {row.id: row.url for row in await services.webhooks.all()}


def _view(queued: QueuedDelivery, urls: Mapping[int, str]) -> DeliveryView:
    shown = msgspec.structs.asdict(queued)
    url = urls.get(shown.pop("webhook_id"))
    return DeliveryView(**shown, url=url)

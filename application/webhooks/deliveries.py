"""Webhook deliveries: one for each outward event and endpoint, and what has become of it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec


class DeliveryStatus(StrEnum):
    """What has become of a delivery; a dead one is sent again only on request."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


class DeliveryError(StrEnum):
    """Why an attempt failed."""

    TIMEOUT = "timeout"
    NETWORK_ERROR = "network_error"
    ADDRESS_REFUSED = "address_refused"
    BAD_STATUS = "bad_status"
    UNREADABLE_EVENT = "unreadable_event"


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint is told; every attempt at it has the same ``delivery_id``.

    ``redelivery`` marks what has been delivered or given up before, and is sent on request.
    """

    delivery_id: str
    event: str
    timestamp: datetime
    data: dict[str, Any]
    redelivery: bool = False


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended; without an error it was acknowledged. Nothing of the answer is kept.

    ``retry_after`` is how many seconds the endpoint asks to be left alone.
    """

    began_at: datetime
    duration_ms: float
    status_code: int | None = None
    error: DeliveryError | None = None
    retry_after: int | None = None


class WebhookClient(Protocol):
    """Speaks to endpoints."""

    async def send(self, url: str, message: Outgoing, secrets: Sequence[str]) -> Sent:
        """Send a message, signed with all the secrets, newest first. Raises nothing."""
        ...


class QueuedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it stands; ``position`` and ``stream_id`` are those of its event.

    ``next_attempt_at`` is None for one that has ended, or waits for an earlier event of its stream.
    """

    delivery_id: str
    webhook_id: int
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


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt at a delivery."""

    number: int
    began_at: datetime
    duration_ms: float
    status_code: int | None
    error: DeliveryError | None


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries are wanted; None asks for nothing."""

    webhook_id: int | None = None
    status: DeliveryStatus | None = None
    event: str | None = None


class FoundDeliveries(msgspec.Struct, frozen=True):
    """A page of deliveries, and how many there are on all pages."""

    items: Sequence[QueuedDelivery]
    total: int


class Deliveries(Protocol):
    """Knows all deliveries, those delivered for 30 days."""

    async def newest(self, wanted: DeliveryFilter, *, page: int, size: int) -> FoundDeliveries:
        """Give a page of the deliveries that fit the filter, newest event first."""
        ...

    async def get(self, delivery_id: str) -> QueuedDelivery:
        """Give a delivery. Raises NotFoundError."""
        ...

    async def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        """Give the attempts at a delivery, oldest first."""
        ...

    async def redeliver(self, delivery_id: str) -> QueuedDelivery:
        """Have a delivery sent again, with the same id, as soon as its turn comes.

        Raises NotFoundError, or RuleViolatedError where its endpoint is unregistered.
        """
        ...

    async def redeliver_since(
        self, webhook_id: int, since: int | datetime, status: DeliveryStatus | None
    ) -> int:
        """Have an endpoint's ended deliveries sent again from a position or moment on; count them.

        Without a status, delivered and dead ones alike.
        """
        ...

"""The subscription that queues deliveries: for each outward event one to every endpoint it is for.

Endpoints come and go by events of the same log, read in the same pass: each is told of exactly what
was recorded while it was registered. Deliveries and checkpoint are one transaction.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID, uuid5

import msgspec
from psycopg import AsyncConnection

from application.outward import OutwardCatalogue, matches
from application.subscription import Subscription
from domain.events import DomainEvent, Recorded
from domain.webhooks.events import (
    WebhookDisabled,
    WebhookEnabled,
    WebhookPatternsChanged,
    WebhookRegistered,
    WebhookUnregistered,
)
from infra.webhooks.queue import lock_endpoints, promote

NAME = "webhook_deliveries"

# A delivery keeps its id even where a restored database queues it once more.
NAMESPACE = UUID("6a1c1f0e-4f0c-5d0b-9a56-0d6a3c1f7b42")

ENDPOINT_EVENTS = (
    WebhookRegistered,
    WebhookPatternsChanged,
    WebhookDisabled,
    WebhookEnabled,
    WebhookUnregistered,
)

ENDPOINTS = "SELECT webhook_id, since, patterns, is_active FROM webhook_endpoints"

PUT_ENDPOINT = """
INSERT INTO webhook_endpoints (webhook_id, since, patterns, is_active)
VALUES (%s, %s, %s, %s)
ON CONFLICT (webhook_id) DO UPDATE
SET patterns = excluded.patterns, is_active = excluded.is_active
"""

QUEUE = """
INSERT INTO webhook_deliveries (delivery_id, webhook_id, position, ordinal, stream_id, event)
SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::smallint[], %s::text[], %s::text[])
ON CONFLICT (delivery_id) DO NOTHING
"""

# What has been failing is tried anew, as often as before.
BEGIN_ANEW = """
WITH endpoint AS (
    UPDATE webhook_endpoints
    SET failing_since = NULL, failures = 0, paused_until = '-infinity'
    WHERE webhook_id = ANY(%s)
    RETURNING webhook_id
)
UPDATE webhook_deliveries AS head
SET failures = 0, next_attempt_at = now()
FROM endpoint
WHERE head.webhook_id = endpoint.webhook_id AND head.is_head AND head.leased_until IS NULL
"""

REMOVE_ENDPOINTS = """
WITH endpoint AS (
    DELETE FROM webhook_endpoints WHERE webhook_id = ANY(%s) RETURNING webhook_id
)
UPDATE webhook_deliveries AS pending
SET status = 'cancelled', is_head = false, leased_until = NULL, updated_at = now()
FROM endpoint
WHERE pending.webhook_id = endpoint.webhook_id AND pending.status = 'pending'
"""


class _Endpoint(msgspec.Struct):
    since: int
    patterns: list[str]
    is_active: bool = True

    def wants(self, position: int, name: str) -> bool:
        # An event of a stream that was parked may come long after it was recorded.
        return position > self.since and any(matches(pattern, name) for pattern in self.patterns)


class _Queued(msgspec.Struct, frozen=True):
    delivery_id: UUID
    webhook_id: int
    position: int
    ordinal: int
    stream_id: str
    event: str


class _Batch(msgspec.Struct):
    """What follows from some events: the endpoints as they are then, and what is to be written."""

    endpoints: dict[int, _Endpoint]
    changed: set[int] = msgspec.field(default_factory=set)
    enabled: set[int] = msgspec.field(default_factory=set)
    removed: set[int] = msgspec.field(default_factory=set)
    queued: list[_Queued] = msgspec.field(default_factory=list)


class Outbox(Subscription):
    """A subscription that has deliveries in place of jobs."""

    def __init__(self, catalogue: OutwardCatalogue) -> None:
        super().__init__(NAME)
        self._catalogue = catalogue
        self._topics = catalogue.topics | {kind.TOPIC for kind in ENDPOINT_EVENTS}

    @property
    def topics(self) -> frozenset[str]:
        """The event types that are told outside, and those that say to whom."""
        return self._topics

    async def follow(
        self, connection: AsyncConnection, events: Sequence[Recorded[DomainEvent]]
    ) -> Callable[[], Awaitable[None]]:
        """Work out what is delivered to whom, and give what writes it."""
        rows = await (await connection.execute(ENDPOINTS)).fetchall() if events else []
        batch = _Batch({webhook_id: _Endpoint(*rest) for webhook_id, *rest in rows})
        for recorded in events:
            self._queue(recorded, batch)
            _note(recorded, batch)
        return lambda: _write(connection, batch)

    def _queue(self, recorded: Recorded[DomainEvent], batch: _Batch) -> None:
        if not batch.endpoints:
            return
        for ordinal, message in enumerate(self._catalogue.render(recorded)):
            for webhook_id, endpoint in batch.endpoints.items():
                if endpoint.wants(recorded.position, message.name):
                    delivery_id = uuid5(
                        NAMESPACE, f"{webhook_id}:{recorded.event_id}:{message.name}"
                    )
                    place = (recorded.position, ordinal, recorded.stream_id)
                    batch.queued.append(_Queued(delivery_id, webhook_id, *place, message.name))


def _note(recorded: Recorded[DomainEvent], batch: _Batch) -> None:
    """Note what an event says of an endpoint."""
    event = recorded.event
    if not isinstance(event, ENDPOINT_EVENTS):
        return
    webhook_id = int(recorded.stream_id.removeprefix("webhook-"))
    match event:
        case WebhookRegistered():
            batch.endpoints[webhook_id] = _Endpoint(recorded.position, event.patterns)
        case WebhookPatternsChanged():
            batch.endpoints[webhook_id].patterns = event.patterns
        case WebhookDisabled():
            batch.endpoints[webhook_id].is_active = False
        case WebhookEnabled():
            batch.endpoints[webhook_id].is_active = True
            batch.enabled.add(webhook_id)
        case WebhookUnregistered():
            batch.endpoints.pop(webhook_id, None)
            batch.removed.add(webhook_id)
    batch.changed.add(webhook_id)


async def _write(connection: AsyncConnection, batch: _Batch) -> None:
    for webhook_id in sorted(batch.changed & batch.endpoints.keys()):
        endpoint = batch.endpoints[webhook_id]
        await connection.execute(
            PUT_ENDPOINT, (webhook_id, endpoint.since, endpoint.patterns, endpoint.is_active)
        )
    touched = {queued.webhook_id for queued in batch.queued} | batch.enabled | batch.removed
    if not touched:
        return
    await lock_endpoints(connection, sorted(touched))
    if batch.queued:
        columns = zip(*map(msgspec.structs.astuple, batch.queued), strict=True)
        await connection.execute(QUEUE, list(map(list, columns)))
        webhook_ids = [queued.webhook_id for queued in batch.queued]
        await promote(connection, webhook_ids, [queued.stream_id for queued in batch.queued])
    await connection.execute(BEGIN_ANEW, (sorted(batch.enabled),))
    await connection.execute(REMOVE_ENDPOINTS, (sorted(batch.removed),))

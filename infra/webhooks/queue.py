"""The queue of deliveries in the database: who may be sent what next, and what came of it.

Of the pending deliveries of a stream at an endpoint exactly one is the head. Whoever adds, ends or
reopens deliveries locks their endpoint first, and then promotes what has become the first: two who
do so at once could otherwise both think that the other has seen to it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from application.webhooks.deliveries import DeliveryError, DeliveryStatus, Sent
from infra.postgres.signals import PROJECTED_CHANNEL

# The name under which senders hear that deliveries were reopened; what they hear is the moment.
REOPENED = "webhook_deliveries_reopened"

TELL_SENDERS = """
SELECT pg_notify(%s, %s || ':' || (EXTRACT(epoch FROM clock_timestamp()) * 1000000)::bigint)
"""

LOCK_ENDPOINTS = """
SELECT FROM webhook_endpoints WHERE webhook_id = ANY(%s) ORDER BY webhook_id FOR NO KEY UPDATE
"""

PROMOTE = """
UPDATE webhook_deliveries AS promoted
SET is_head = true
FROM (SELECT DISTINCT * FROM unnest(%s::bigint[], %s::text[])) AS queue (webhook_id, stream_id)
CROSS JOIN LATERAL (
    SELECT pending.delivery_id
    FROM webhook_deliveries AS pending
    WHERE pending.webhook_id = queue.webhook_id
      AND pending.stream_id = queue.stream_id
      AND pending.status = 'pending'
    ORDER BY pending.position, pending.ordinal
    LIMIT 1
) AS first
WHERE promoted.delivery_id = first.delivery_id
  AND NOT EXISTS (
      SELECT
      FROM webhook_deliveries AS head
      WHERE head.webhook_id = queue.webhook_id
        AND head.stream_id = queue.stream_id
        AND head.is_head
  )
"""

# How many are under way at an endpoint is counted by one at a time.
LOCK_CLAIMS = "SELECT pg_advisory_xact_lock(4127308)"

# What was settled while its row was waited for is nobody's any more.
CLAIM = """
WITH due AS (
    SELECT head.delivery_id, endpoint.failing_since, endpoint.failures AS endpoint_failures
    FROM webhook_endpoints AS endpoint
    CROSS JOIN LATERAL (
        SELECT d.delivery_id, d.next_attempt_at
        FROM webhook_deliveries AS d
        WHERE d.webhook_id = endpoint.webhook_id
          AND d.is_head
          AND d.next_attempt_at <= now()
        ORDER BY d.next_attempt_at
        LIMIT greatest(0, %(each)s - (
            SELECT count(*)
            FROM webhook_deliveries AS leased
            WHERE leased.webhook_id = endpoint.webhook_id
              AND leased.leased_until > now()
        ))
    ) AS head
    WHERE endpoint.is_active
      AND endpoint.paused_until <= now()
      AND (endpoint.failing_since IS NOT NULL) = %(failing)s
    ORDER BY head.next_attempt_at
    LIMIT %(most)s
)
UPDATE webhook_deliveries AS d
SET leased_until = now() + make_interval(secs => %(seconds)s),
    next_attempt_at = now() + make_interval(secs => %(seconds)s)
FROM due
WHERE d.delivery_id = due.delivery_id AND d.is_head AND d.next_attempt_at <= now()
RETURNING d.delivery_id, d.webhook_id, d.position, d.stream_id, d.event, d.failures, d.redelivery,
          d.leased_until, due.failing_since, due.endpoint_failures
"""

NEXT_DUE = """
SELECT EXTRACT(epoch FROM min(greatest(due.next_attempt_at, endpoint.paused_until)) - now())
FROM webhook_endpoints AS endpoint
CROSS JOIN LATERAL (
    SELECT d.next_attempt_at
    FROM webhook_deliveries AS d
    WHERE d.webhook_id = endpoint.webhook_id AND d.is_head
    ORDER BY d.next_attempt_at
    LIMIT 1
) AS due
WHERE endpoint.is_active
"""

# An acknowledgement counts whenever it comes, a failure only while nobody else has taken over.
SETTLE = """
WITH settled AS (
    UPDATE webhook_deliveries
    SET status = %(status)s,
        is_head = is_head AND %(status)s = 'pending',
        attempts = attempts + 1,
        failures = CASE WHEN %(error)s::text IS NULL THEN 0 ELSE failures + 1 END,
        next_attempt_at = now() + make_interval(secs => %(pause)s),
        leased_until = NULL,
        last_status_code = %(status_code)s,
        last_error = %(error)s,
        updated_at = now()
    WHERE delivery_id = %(delivery_id)s
      AND status = 'pending'
      AND (%(error)s::text IS NULL OR leased_until = %(leased_until)s)
    RETURNING delivery_id, attempts
)
INSERT INTO webhook_attempts (delivery_id, number, began_at, duration_ms, status_code, error)
SELECT delivery_id, attempts, %(began_at)s, %(duration_ms)s, %(status_code)s, %(error)s
FROM settled
"""

NOTE_SUCCESS = """
UPDATE webhook_endpoints
SET failing_since = NULL, failures = 0
WHERE webhook_id = %s AND failing_since IS NOT NULL
"""

NOTE_FAILURE = """
UPDATE webhook_endpoints
SET failing_since = COALESCE(failing_since, %(began_at)s),
    failures = failures + 1,
    paused_until = greatest(paused_until, now() + make_interval(secs => %(endpoint_pause)s))
WHERE webhook_id = %(webhook_id)s
"""

GIVE_BACK = """
UPDATE webhook_deliveries
SET leased_until = NULL, next_attempt_at = now() + make_interval(secs => %s)
WHERE delivery_id = %s AND status = 'pending' AND leased_until = %s
"""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is this process's to attempt until ``leased_until``.

    ``failures`` are the attempts that have failed since it was queued or reopened, and
    ``endpoint_failures`` those in a row at its endpoint, whatever was sent.
    """

    delivery_id: UUID
    webhook_id: int
    position: int
    stream_id: str
    event: str
    failures: int
    redelivery: bool
    leased_until: datetime
    failing_since: datetime | None
    endpoint_failures: int


class DeliveryQueue:
    """What the sender does with the queue."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def claim(
        self, *, failing: bool, each: int, most: int, seconds: float
    ) -> Sequence[Claimed]:
        """Take heads that are due, ``each`` under way at one endpoint and ``most`` in all.

        Of the endpoints those that are failing, or those that are not. Whoever does not settle a
        delivery within so many seconds has lost it to others.
        """
        arguments = {"failing": failing, "each": each, "most": most, "seconds": seconds}
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(Claimed))
            async with connection.pipeline(), connection.transaction():
                await connection.execute(LOCK_CLAIMS)
                await cursor.execute(CLAIM, arguments)
            return await cursor.fetchall()

    async def next_due(self) -> float | None:
        """Give the seconds until the next attempt falls due; None if none does."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(NEXT_DUE)).fetchone()
        return float(row[0]) if row is not None and row[0] is not None else None

    async def settle(
        self,
        claimed: Claimed,
        sent: Sent,
        status: DeliveryStatus,
        *,
        pause: float = 0.0,
        endpoint_pause: float = 0.0,
    ) -> None:
        """Note how an attempt ended.

        A pending delivery is attempted again after the pause, and nothing is sent to an endpoint
        that failed before its own has passed.
        """
        arguments = {
            "delivery_id": claimed.delivery_id,
            "webhook_id": claimed.webhook_id,
            "leased_until": claimed.leased_until,
            "status": status,
            "pause": pause,
            "began_at": sent.began_at,
            "duration_ms": sent.duration_ms,
            "status_code": sent.status_code,
            "error": sent.error,
            "endpoint_pause": endpoint_pause,
        }
        async with (
            self._pool.connection() as connection,
            connection.pipeline(),  # around all: no lock waits for this process to go on
            connection.transaction(),
        ):
            await connection.execute(LOCK_ENDPOINTS, ([claimed.webhook_id],))
            await connection.execute(SETTLE, arguments)
            if sent.error is None:
                await connection.execute(NOTE_SUCCESS, (claimed.webhook_id,))
            elif sent.error is not DeliveryError.UNREADABLE_EVENT:  # that is no fault of its
                await connection.execute(NOTE_FAILURE, arguments)
            await promote(connection, [claimed.webhook_id], [claimed.stream_id])

    async def give_back(self, claimed: Claimed, *, pause: float = 0.0) -> None:
        """Leave a delivery to whoever claims it after the pause, as if nothing had been done."""
        arguments = (pause, claimed.delivery_id, claimed.leased_until)
        async with self._pool.connection() as connection:
            await connection.execute(GIVE_BACK, arguments)


async def lock_endpoints(connection: AsyncConnection, webhook_ids: Sequence[int]) -> None:
    """Keep others from changing the queues of endpoints until the transaction ends."""
    await connection.execute(LOCK_ENDPOINTS, (list(webhook_ids),))


async def tell_senders(connection: AsyncConnection) -> None:
    """Let senders know of reopened deliveries when the transaction commits."""
    await connection.execute(TELL_SENDERS, (PROJECTED_CHANNEL, REOPENED))


async def promote(
    connection: AsyncConnection, webhook_ids: Sequence[int], stream_ids: Sequence[str]
) -> None:
    """Let the first pending delivery of each queue be its head, where there is none."""
    await connection.execute(PROMOTE, (list(webhook_ids), list(stream_ids)))

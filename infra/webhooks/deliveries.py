"""The deliveries, for those who look after them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.sql import SQL, Composable
from psycopg_pool import AsyncConnectionPool

from application.errors import NotFoundError
from application.webhooks.deliveries import (
    Attempt,
    DeliveryFilter,
    DeliveryStatus,
    FoundDeliveries,
    QueuedDelivery,
)
from domain.errors import RuleViolatedError
from infra.webhooks.queue import lock_endpoints, promote, tell_senders

LIST = SQL("""
SELECT delivery_id::text, webhook_id, event, status, attempts, redelivery, last_status_code,
       last_error, position, stream_id, created_at, updated_at,
       CASE WHEN is_head THEN next_attempt_at END AS next_attempt_at
FROM webhook_deliveries
WHERE {where}
ORDER BY position DESC, ordinal DESC, webhook_id DESC
LIMIT %s OFFSET %s
""")

COUNT = SQL("SELECT count(*) FROM webhook_deliveries WHERE {where}")

ATTEMPTS = """
SELECT number, began_at, duration_ms, status_code, error
FROM webhook_attempts
WHERE delivery_id = %s
ORDER BY number
"""

# Of those that are under way, nothing is changed.
REOPEN = SQL("""
UPDATE webhook_deliveries
SET status = 'pending',
    redelivery = redelivery OR status <> 'pending',
    failures = 0,
    next_attempt_at = now(),
    updated_at = now()
WHERE delivery_id IN (
    SELECT delivery_id
    FROM webhook_deliveries
    WHERE {where} AND leased_until IS NULL
    ORDER BY position, ordinal
    LIMIT %s
)
RETURNING webhook_id, stream_id
""")

ALL_AT_A_TIME = 5_000

# A process that is stopped in the middle shall not keep the log's followers waiting.
NOT_STOPPED = "SET LOCAL idle_in_transaction_session_timeout = '10s'"

# Who asks for it has mended what receives them.
END_PAUSE = """
UPDATE webhook_endpoints SET failures = 0, paused_until = '-infinity' WHERE webhook_id = %s
"""


class PostgresDeliveries:
    """Implements the application's Deliveries port."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def newest(self, wanted: DeliveryFilter, *, page: int, size: int) -> FoundDeliveries:
        """Give a page of the deliveries that fit the filter, newest event first."""
        conditions: list[Composable] = [SQL("true")]
        values: list[Any] = []
        for column, value in (
            (SQL("webhook_id"), wanted.webhook_id),
            (SQL("status"), wanted.status),
            (SQL("event"), wanted.event),
        ):
            if value is not None:
                conditions.append(column + SQL(" = %s"))
                values.append(value)
        where = SQL(" AND ").join(conditions)
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(QueuedDelivery))
            await cursor.execute(LIST.format(where=where), [*values, size, (page - 1) * size])
            items = await cursor.fetchall()
            total = await (await connection.execute(COUNT.format(where=where), values)).fetchone()
        assert total is not None
        return FoundDeliveries(items, total[0])

    async def get(self, delivery_id: str) -> QueuedDelivery:
        """Give a delivery. Raises NotFoundError."""
        key = _uuid(delivery_id)
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(QueuedDelivery))
            await cursor.execute(LIST.format(where=SQL("delivery_id = %s")), (key, 1, 0))
            found = await cursor.fetchone()
        if found is None:
            raise _not_found(delivery_id)
        return found

    async def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        """Give the attempts at a delivery, oldest first."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(Attempt))
            await cursor.execute(ATTEMPTS, (_uuid(delivery_id),))
            return await cursor.fetchall()

    async def redeliver(self, delivery_id: str) -> QueuedDelivery:
        """Have a delivery sent again, with the same id, as soon as its turn comes."""
        webhook_id = (await self.get(delivery_id)).webhook_id
        await self._reopen(webhook_id, SQL("delivery_id = %s"), [_uuid(delivery_id)])
        return await self.get(delivery_id)

    async def redeliver_since(
        self, webhook_id: int, since: int | datetime, status: DeliveryStatus | None
    ) -> int:
        """Have an endpoint's ended deliveries sent again from a position or moment on."""
        statuses = [DeliveryStatus.DELIVERED, DeliveryStatus.DEAD] if status is None else [status]
        column = SQL("position") if isinstance(since, int) else SQL("created_at")
        where = SQL(
            "webhook_id = %s AND status = ANY(%s) AND updated_at <= %s AND {} >= %s"
        ).format(column)
        asked_at = await self._now()
        count, reopened = 0, ALL_AT_A_TIME
        while reopened == ALL_AT_A_TIME:
            values = [webhook_id, statuses, asked_at, since]
            reopened = await self._reopen(webhook_id, where, values)
            count += reopened
        return count

    async def _reopen(self, webhook_id: int, where: Composable, values: Sequence[Any]) -> int:
        """Reopen some deliveries of an endpoint. Raises RuleViolatedError if it is gone."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(NOT_STOPPED)
            await lock_endpoints(connection, [webhook_id])
            if not (await connection.execute(END_PAUSE, (webhook_id,))).rowcount:
                raise RuleViolatedError("The webhook has been unregistered")
            cursor = await connection.execute(REOPEN.format(where=where), [*values, ALL_AT_A_TIME])
            rows = await cursor.fetchall()
            await promote(connection, [row[0] for row in rows], [row[1] for row in rows])
            await tell_senders(connection)
        return len(rows)

    async def _now(self) -> datetime:
        async with self._pool.connection() as connection:
            row = await (await connection.execute("SELECT now()")).fetchone()
        assert row is not None
        now: datetime = row[0]
        return now


def _uuid(delivery_id: str) -> UUID:
    try:
        return UUID(delivery_id)
    except ValueError:
        raise _not_found(delivery_id) from None


def _not_found(delivery_id: str) -> NotFoundError:
    return NotFoundError(f"Delivery {delivery_id[:64]} not found")

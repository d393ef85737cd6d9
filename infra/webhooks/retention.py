"""Letting go of deliveries that ended long ago; dead ones are kept."""

from psycopg_pool import AsyncConnectionPool

KEPT_DAYS = 30
BATCH = 5_000

DELETE = """
DELETE FROM webhook_deliveries
WHERE delivery_id IN (
    SELECT delivery_id
    FROM webhook_deliveries
    WHERE status IN ('delivered', 'cancelled')
      AND updated_at < now() - make_interval(days => %s)
    ORDER BY updated_at
    LIMIT %s
    FOR UPDATE SKIP LOCKED
)
"""


async def delete_ended(pool: AsyncConnectionPool) -> int:
    """Delete what was delivered or cancelled over 30 days ago, with its attempts; tell how many."""
    deleted = 0
    while True:
        async with pool.connection() as connection:
            count = (await connection.execute(DELETE, (KEPT_DAYS, BATCH))).rowcount
        deleted += count
        if count < BATCH:
            return deleted

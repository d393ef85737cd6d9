"""Reading the webhooks that are registered."""

from psycopg.rows import args_row
from psycopg_pool import AsyncConnectionPool

from projections.webhooks.projection import WebhookRow, webhooks

ALL = webhooks.query("""
SELECT id, url, patterns, is_active, disabled_because, failing_since,
       created_at, updated_at, registered_position, version
FROM {schema}.webhooks
ORDER BY id
""")


class WebhookQueries:
    """Reads the read model of webhooks."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def all(self) -> list[WebhookRow]:
        """Give all webhooks, the oldest first."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(WebhookRow))
            await cursor.execute(ALL)
            return await cursor.fetchall()

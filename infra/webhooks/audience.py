"""How many webhooks are told of an event."""

from psycopg_pool import AsyncConnectionPool

from application.outward import matches

PATTERNS = "SELECT patterns FROM webhook_endpoints WHERE is_active"


class RegisteredAudience:
    """Implements the application's WebhookAudience port, by the endpoints that deliveries go to."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def count(self, name: str) -> int:
        """Tell how many active webhooks are told of an outward event of this name."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(PATTERNS)).fetchall()
        return sum(any(matches(pattern, name) for pattern in row[0]) for row in rows)

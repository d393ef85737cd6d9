"""The claims of commands that took effect, after they have been recorded."""

from psycopg_pool import AsyncConnectionPool

from application.ports import ClaimedCommand

FIND = """
SELECT fingerprint, stream_id, version, position, recorded_at
FROM claims
WHERE id = %b AND expires_at > now()
"""

# A claim that is being replaced at this moment is passed over, and so never waited for.
FORGET = """
DELETE FROM claims
WHERE id = ANY(ARRAY(
    SELECT id
    FROM claims
    WHERE expires_at <= now()
    LIMIT %s
    FOR UPDATE SKIP LOCKED
))
"""

FORGOTTEN_AT_ONCE = 1000


class PostgresClaimRegister:
    """Implements the application's ClaimRegister port."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def find(self, claim_id: bytes) -> ClaimedCommand | None:
        """Give the command that took effect under a claim."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(FIND, (claim_id,), prepare=True)
            row = await cursor.fetchone()
        if row is None:
            return None
        fingerprint, stream_id, version, position, recorded_at = row
        return ClaimedCommand(
            fingerprint=fingerprint,
            stream_id=stream_id,
            version=version,
            position=position,
            recorded_at=recorded_at,
        )


async def forget_old_claims(pool: AsyncConnectionPool) -> int:
    """Delete the claims that have expired, a batch at a time; tell how many there were."""
    forgotten = 0
    async with pool.connection() as connection:
        while True:
            cursor = await connection.execute(FORGET, (FORGOTTEN_AT_ONCE,))
            forgotten += cursor.rowcount
            if cursor.rowcount < FORGOTTEN_AT_ONCE:
                return forgotten

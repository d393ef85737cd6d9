"""Letting go of calls that are older than they are kept (``AUDIT_LOG_DAYS``)."""

from datetime import datetime

from psycopg.rows import scalar_row
from psycopg_pool import AsyncConnectionPool

BATCH = 5_000

# One statement, so that entries and their number go together.
DELETE = """
WITH old AS (
    SELECT id
    FROM audit_log
    WHERE created_at < %s
    ORDER BY created_at
    LIMIT %s
    FOR UPDATE SKIP LOCKED
), deleted AS (
    DELETE FROM audit_log USING old
    WHERE audit_log.id = old.id
    RETURNING (audit_log.created_at AT TIME ZONE 'UTC')::date AS day
), counted AS (
    SELECT day, count(*) AS calls FROM deleted GROUP BY day
), taken_off AS (
    UPDATE audit_log_days AS kept
    SET calls = kept.calls - counted.calls
    FROM counted
    WHERE kept.day = counted.day
)
SELECT COALESCE(sum(calls), 0)::bigint FROM counted
"""

DELETE_EMPTY_DAYS = "DELETE FROM audit_log_days WHERE calls = 0 AND day < %s::date"


async def delete_calls(pool: AsyncConnectionPool, *, before: datetime) -> int:
    """Delete the calls from before a moment, in batches; tell how many.

    Several processes may do so at once, and one that is interrupted leaves nothing half done.
    """
    deleted = 0
    while True:
        async with pool.connection() as connection:
            cursor = connection.cursor(row_factory=scalar_row)
            count = await (await cursor.execute(DELETE, (before, BATCH))).fetchone()
            if not count:
                await connection.execute(DELETE_EMPTY_DAYS, (before,))
                return deleted
            deleted += count

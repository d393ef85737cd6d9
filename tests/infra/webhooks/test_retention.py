"""What has arrived is forgotten after 30 days with its attempts; dead and pending are not."""

import psycopg
import pytest

from infra.postgres.connections import connection_pool
from infra.webhooks.retention import delete_ended

pytestmark = pytest.mark.anyio

PLANT = """
WITH planted AS (
    INSERT INTO webhook_deliveries
        (delivery_id, webhook_id, position, ordinal, stream_id, event, status, updated_at)
    SELECT gen_random_uuid(), 1, age, 0, 'run-1', status, status, now() - make_interval(days => age)
    FROM unnest(ARRAY['delivered', 'cancelled', 'dead', 'pending']) AS status,
         unnest(ARRAY[29, 31]) AS age
    RETURNING delivery_id
)
INSERT INTO webhook_attempts SELECT delivery_id, 1, now(), 1, 200, NULL FROM planted
"""

KEPT = """
SELECT status, position FROM webhook_deliveries JOIN webhook_attempts USING (delivery_id)
ORDER BY status, position
"""


async def test_what_arrived_or_was_cancelled_over_30_days_ago_is_forgotten(database: str) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database, autocommit=True) as sql,
        connection_pool(database, 1) as pool,
    ):
        await sql.execute(PLANT)
        assert await delete_ended(pool) == 2
        assert await delete_ended(pool) == 0
        kept = await (await sql.execute(KEPT)).fetchall()

    assert kept == [
        ("cancelled", 29),
        ("dead", 29),
        ("dead", 31),
        ("delivered", 29),
        ("pending", 29),
        ("pending", 31),
    ]

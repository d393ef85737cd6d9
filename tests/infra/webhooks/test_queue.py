"""Nothing is claimed that was settled meanwhile, and nothing queued for who has gone."""

import asyncio

import psycopg
import pytest

from application.webhooks.deliveries import DeliveryStatus
from infra.backups.dumping import LET_TABLES_STAY
from infra.postgres.connections import connection_pool
from infra.settings import Settings
from infra.webhooks.queue import DeliveryQueue
from interfaces.composition import Part, compose, open_database
from tests.infra.webhooks.receiver import Receiver
from tests.infra.webhooks.sending import Sending, eventually

pytestmark = pytest.mark.anyio

NOBODY_READS: frozenset[Part] = frozenset()
READING: frozenset[Part] = frozenset({"projections"})

ENDPOINT = "INSERT INTO webhook_endpoints (webhook_id, since, patterns) VALUES (1, 0, '{*}')"

# Its sender was given up on, and acknowledges after all.
LAPSED = """
INSERT INTO webhook_deliveries
    (delivery_id, webhook_id, position, ordinal, stream_id, event, is_head, next_attempt_at,
     leased_until)
VALUES (gen_random_uuid(), 1, 1, 0, 'run-1', 'run.started', true, now() - interval '1 s',
        now() - interval '1 s')
"""

ACKNOWLEDGE = """
UPDATE webhook_deliveries SET status = 'delivered', is_head = false, leased_until = NULL
"""

WAITING = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%due AS%'"
LEASES = "SELECT count(*) FROM webhook_deliveries WHERE leased_until IS NOT NULL"


async def test_what_is_acknowledged_while_it_is_claimed_is_not_sent_again(database: str) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database, autocommit=True) as sql,
        await psycopg.AsyncConnection.connect(database) as former,
        connection_pool(database, 1) as pool,
    ):
        await sql.execute(ENDPOINT)
        await sql.execute(LAPSED)
        await former.execute(ACKNOWLEDGE)
        claiming = asyncio.create_task(
            DeliveryQueue(pool).claim(failing=False, each=4, most=100, seconds=5)
        )

        async def waits() -> bool:
            return (await sql.execute(WAITING)).rowcount > 0

        await eventually(waits)
        await former.commit()

        assert await claiming == []
        assert await (await sql.execute(LEASES)).fetchone() == (0,)


async def test_deliveries_go_on_while_a_backup_is_written(database: str) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database, autocommit=True) as backup,
        connection_pool(database, 1) as pool,
        asyncio.timeout(5),
    ):
        await backup.execute(ENDPOINT)
        await backup.execute(LAPSED)
        await backup.execute(LET_TABLES_STAY)
        assert await DeliveryQueue(pool).claim(failing=False, each=4, most=100, seconds=5)


async def test_what_is_for_a_webhook_that_came_and_went_within_a_batch_is_cancelled(
    settings: Settings, receiver: Receiver
) -> None:
    with open_database(settings) as conninfo:
        async with compose(settings, conninfo, NOBODY_READS) as services:
            sending = Sending(services, receiver)
            webhook_id = await sending.register()
            await sending.create(1)
            await sending.change(webhook_id, lambda webhook: webhook.unregister())
            async with compose(settings, conninfo, READING):
                [queued] = await sending.ended(1, DeliveryStatus.CANCELLED)

    assert queued.event == "process.created"

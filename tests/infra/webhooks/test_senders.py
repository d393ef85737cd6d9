"""Several processes share the work, and one that stops leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg
import pytest

import infra.webhooks.sender
from application.webhooks.deliveries import DeliveryStatus
from infra.settings import Settings
from infra.webhooks.queue import Claimed, DeliveryQueue
from interfaces.composition import Part, compose, open_database
from tests.infra.webhooks.receiver import Receiver
from tests.infra.webhooks.sending import PATIENCE_SECONDS, Sending, eventually, months

pytestmark = pytest.mark.anyio

SENDER: frozenset[Part] = frozenset({"webhooks"})
UNDER_WAY = "SELECT count(*) FROM webhook_deliveries WHERE leased_until IS NOT NULL"

DELIVERED = "SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'"
BREAK = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE application_name = 'annals' AND datname = current_database()
"""


@pytest.fixture
async def unsent(
    settings: Settings, receiver: Receiver, anyio_backend: str
) -> AsyncIterator[Sending]:
    """Annals that queues deliveries; who sends them is started by the tests."""
    assert anyio_backend == "asyncio"
    parts: frozenset[Part] = frozenset({"projections"})
    with open_database(settings) as conninfo:
        async with compose(settings, conninfo, parts) as services:
            yield Sending(services, receiver)


@pytest.mark.parametrize("timeout_seconds", [PATIENCE_SECONDS])
async def test_together_they_send_no_more_at_a_time_than_one_endpoint_is_meant_to_bear(
    unsent: Sending, settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.webhooks.sender.FINISH_SECONDS", 0.0)
    await unsent.register()
    await unsent.register(path="/other")
    unsent.receiver.answers["/hook"] = ["hang"]
    for process_id in range(1, 11):
        await unsent.create(process_id)
    async with compose(settings, database, SENDER), compose(settings, database, SENDER):
        await unsent.received(4)
        await unsent.received(10, "/other")
        assert len(unsent.receiver.at("/hook")) == 4


async def test_together_they_send_each_event_once_and_in_order(
    unsent: Sending, settings: Settings, database: str
) -> None:
    await unsent.create(1)
    await unsent.register()
    await unsent.keep(1, *range(1, 21))
    async with compose(settings, database, SENDER), compose(settings, database, SENDER):
        await unsent.ended(20, DeliveryStatus.DELIVERED)

    assert months(unsent.receiver.at("/hook")) == list(range(1, 21))


async def test_one_that_stops_gives_back_what_it_had_begun(
    unsent: Sending,
    settings: Settings,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("infra.webhooks.sender.FINISH_SECONDS", 0.0)
    unsent.receiver.answers["/hook"] = ["hang"]
    await unsent.register()
    await unsent.create(1)
    async with compose(settings, database, SENDER):
        await unsent.received(1)
    async with await psycopg.AsyncConnection.connect(database) as sql:
        left = await (await sql.execute(UNDER_WAY)).fetchone()
    [delivery] = await unsent.deliveries()
    unsent.receiver.answers["/hook"] = [200]
    async with compose(settings, database, SENDER), asyncio.timeout(3):
        await unsent.ended(1, DeliveryStatus.DELIVERED)

    assert left == (0,)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.PENDING, 0)


async def test_one_whose_connections_break_goes_on(
    unsent: Sending, settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.webhooks.sender.RETRY_SECONDS", 0.1)
    await unsent.create(1)
    await unsent.register()
    unsent.receiver.answers["/hook"] = ["hang"]
    await unsent.keep(1, 1, 2)
    async with (
        await psycopg.AsyncConnection.connect(database, autocommit=True) as sql,
        compose(settings, database, SENDER),
    ):

        async def all_arrived() -> bool:
            return await (await sql.execute(DELIVERED)).fetchone() == (2,)

        await unsent.received(1)
        await sql.execute(BREAK)
        unsent.receiver.answers["/hook"] = [200]
        await eventually(all_arrived)

    received = months(unsent.receiver.at("/hook"))
    assert received == sorted(received)


async def test_one_that_was_stopped_before_it_began_leaves_the_delivery_to_who_took_over(
    unsent: Sending, settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.webhooks.sender, "LEASE_MARGIN_SECONDS", 1.0)
    claim, has_gone_on = DeliveryQueue.claim, asyncio.Event()
    stopped: list[DeliveryQueue] = []

    async def claim_and_stop(queue: DeliveryQueue, **given: Any) -> Sequence[Claimed]:
        claimed = await claim(queue, **given)
        if claimed and not stopped:
            stopped.append(queue)
            await asyncio.sleep(given["seconds"] + 0.5)
            has_gone_on.set()
        return claimed

    monkeypatch.setattr(DeliveryQueue, "claim", claim_and_stop)
    await unsent.create(1)
    await unsent.register()
    await unsent.keep(1, 1, 2, 3)
    async with compose(settings, database, SENDER), compose(settings, database, SENDER):
        await unsent.ended(3, DeliveryStatus.DELIVERED)
        await has_gone_on.wait()
        await unsent.keep(1, 4)
        await unsent.ended(4, DeliveryStatus.DELIVERED)

    assert months(unsent.receiver.at("/hook")) == [1, 2, 3, 4]

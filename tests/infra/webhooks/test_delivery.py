"""Each event reaches each endpoint that it is for, in the order of its stream, under one id."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook

from application.outward import OutwardMessage
from application.processes.handlers import CreateProcess, create_process
from application.runs.handlers import StartRun, start_run
from application.webhooks.deliveries import DeliveryError, DeliveryStatus
from application.webhooks.testing import send_test
from domain.errors import RuleViolatedError
from domain.events import DomainEvent, Recorded
from domain.runs.run import Run
from domain.webhooks.events import DisabledBecause
from domain.webhooks.webhook import Webhook
from interfaces.composition import OUTWARD
from tests.infra.webhooks.sending import (
    BY_TEST,
    PATIENCE_SECONDS,
    SECRET,
    Sending,
    eventually,
    months,
)

pytestmark = pytest.mark.anyio

DELIVERED, DEAD, PENDING = DeliveryStatus.DELIVERED, DeliveryStatus.DEAD, DeliveryStatus.PENDING

LEFT_ALONE_FOR_LONG = (
    "SELECT FROM webhook_endpoints WHERE paused_until > now() + interval '1 second'"
)


async def test_an_event_reaches_the_endpoints_whose_patterns_it_fits(sending: Sending) -> None:
    await sending.register("process.created", path="/created")
    await sending.register("*", path="/all")
    await sending.register("run.*", path="/runs")
    await sending.create(1)
    await sending.keep(1, 6)
    everything = await sending.received(4, "/all")
    [created] = await sending.received(1, "/created")

    assert sorted(one.message["event"] for one in everything) == [
        "config_changed",
        "config_changed",
        "process.created",
        "process.retention_changed",
    ]
    assert created.message["data"] == {"process_id": 1, "name": "process 1", "meta": {}}
    assert not sending.receiver.at("/runs")
    assert StandardWebhook(SECRET.encode()).verify(created.body, dict(created.headers))


async def test_an_endpoint_is_told_of_what_came_after_its_registration(sending: Sending) -> None:
    await sending.create(1)
    webhook_id = await sending.register()
    await sending.keep(1, 6)
    await sending.received(1)
    await sending.change(webhook_id, lambda webhook: webhook.change_patterns(["run.*"]))
    await sending.keep(1, 7)
    await sending.change(webhook_id, lambda webhook: webhook.change_patterns(["process.*"]))
    await sending.keep(1, 8)
    await sending.received(2)

    assert months(sending.receiver.at("/hook")) == [6, 8]


async def test_events_of_a_stream_come_in_order_and_wait_for_one_that_failed(
    sending: Sending,
) -> None:
    await sending.create(1)
    await sending.create(2)
    await sending.register()
    sending.receiver.answers["/hook"] = [500, 500, 200]
    await sending.keep(1, *range(1, 6))
    await sending.keep(2, *range(11, 16))
    await sending.ended(10, DELIVERED)
    received = sending.receiver.at("/hook")
    of_one = [m for m in months(received) if m < 10]
    of_two = [m for m in months(received) if m > 10]

    assert list(dict.fromkeys(of_one)) == [1, 2, 3, 4, 5] == sorted(set(of_one))
    assert list(dict.fromkeys(of_two)) == [11, 12, 13, 14, 15]
    assert of_one == sorted(of_one)
    assert of_two == sorted(of_two)
    assert len(received) == 12


async def test_retries_have_the_same_id_and_are_noted_with_their_outcomes(
    sending: Sending,
) -> None:
    await sending.create(1)
    await sending.register()
    sending.receiver.answers["/hook"] = [503, "reset", 200]
    await sending.keep(1, 6)
    [delivery] = await sending.ended(1, DELIVERED)
    attempts = await sending.services.deliveries.attempts(delivery.delivery_id)
    received = sending.receiver.at("/hook")

    assert {one.delivery_id for one in received} == {delivery.delivery_id}
    assert {one.headers["webhook-id"] for one in received} == {delivery.delivery_id}
    assert [(a.number, a.status_code, a.error) for a in attempts] == [
        (1, 503, DeliveryError.BAD_STATUS),
        (2, None, DeliveryError.NETWORK_ERROR),
        (3, 200, None),
    ]
    assert (delivery.attempts, delivery.last_status_code, delivery.last_error) == (3, 200, None)
    assert not delivery.redelivery


async def test_after_its_retries_a_delivery_is_dead_and_kept_and_its_stream_goes_on(
    sending: Sending,
) -> None:
    await sending.create(1)
    await sending.register()
    sending.receiver.answers["/hook"] = [500, 500, 500, 200]
    await sending.keep(1, 6, 7)
    [dead] = await sending.ended(1, DEAD)
    [delivered] = await sending.ended(1, DELIVERED)

    assert months(sending.receiver.at("/hook")) == [6, 6, 6, 7]
    assert (dead.attempts, dead.last_status_code) == (3, 500)
    assert dead.position < delivered.position


async def test_an_event_that_cannot_be_rendered_is_dead_at_once_and_its_stream_goes_on(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = OUTWARD.render

    def render_no_six_months_when_sent(recorded: Recorded[DomainEvent]) -> Sequence[OutwardMessage]:
        messages = render(recorded)
        sender = asyncio.current_task()
        is_sent = sender is not None and sender.get_name() == "webhook delivery"
        if is_sent and messages[0].data.get("retention_months") == 6:
            raise KeyError("a rendering with a fault")
        return messages

    monkeypatch.setattr(OUTWARD, "render", render_no_six_months_when_sent)
    await sending.create(1)
    await sending.register("process.retention_changed")
    await sending.keep(1, 6, 7)
    [dead] = await sending.ended(1, DEAD)
    await sending.ended(1, DELIVERED)

    assert (dead.attempts, dead.last_error) == (1, "unreadable_event")
    assert months(sending.receiver.at("/hook")) == [7]


async def test_pauses_grow_and_an_endpoint_that_asks_for_it_is_left_alone(
    sending: Sending,
) -> None:
    await sending.create(1)
    await sending.create(2)
    await sending.register()
    sending.receiver.answers["/hook"] = [429, 200]
    sending.receiver.headers["Retry-After"] = "1"
    await sending.keep(1, 6)
    [first] = await sending.received(1)
    await sending.keep(2, 16)
    rest = (await sending.received(3))[1:]

    assert all(one.at - first.at > 0.9 for one in rest)


async def test_an_endpoint_that_is_down_is_not_stormed_and_what_comes_meanwhile_does_not_die(
    sending: Sending, database: str
) -> None:
    await sending.register()
    sending.receiver.answers["/hook"] = [500]
    for process_id in range(1, 31):
        await sending.create(process_id)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as sql:

        async def left_alone() -> bool:
            return (await sql.execute(LEFT_ALONE_FOR_LONG)).rowcount == 1

        await eventually(left_alone)
    while_down = len(sending.receiver.at("/hook"))
    sending.receiver.answers["/hook"] = [200]
    dead = len(await sending.deliveries(status=DEAD))
    await sending.ended(30 - dead, DELIVERED)

    assert 5 < while_down < 15
    assert dead < 5


async def test_an_endpoint_that_hangs_does_not_delay_another(sending: Sending) -> None:
    await sending.register(path="/hanging")
    await sending.register(path="/quick")
    sending.receiver.answers["/hanging"] = ["hang"]
    for process_id in range(1, 13):
        await sending.create(process_id)
    async with asyncio.timeout(5):
        await sending.received(12, "/quick")

    assert len(sending.receiver.at("/hanging")) < 12


async def test_what_is_pending_when_its_subject_is_neutralized_goes_out_redacted(
    sending: Sending,
) -> None:
    store, identifiers = sending.services.store, sending.services.identifiers
    command = CreateProcess(name="Onboarding", meta={})
    process, _ = await create_process(store, identifiers, command, BY_TEST)
    await sending.register("run.started")
    sending.receiver.answers["/hook"] = [500, 200]
    begun = StartRun(
        process_id=int(process.key), entity_id="C-1", entity_name="John Doe", meta={"mail": "j@d"}
    )
    run, _ = await start_run(store, identifiers, begun, BY_TEST)
    await sending.received(1)
    run = await store.load(Run, run.key)
    run.neutralize(reason="asked", policy="manual")
    await store.save(run, metadata=BY_TEST)
    first, *_, last = await sending.received(2)

    assert first.message["data"]["entity_name"] == "John Doe"
    if len(sending.receiver.at("/hook")) == 2:
        assert last.delivery_id == first.delivery_id
    assert last.message["data"]["entity_name"] == "[REDACTED]"
    assert b"John" not in last.body
    assert b"j@d" not in last.body


async def test_nothing_of_what_is_sent_or_answered_is_kept(sending: Sending, database: str) -> None:
    await sending.register()
    sending.receiver.headers["X-Answer"] = "told in confidence"
    await sending.create(1)
    await sending.ended(1, DELIVERED)
    async with await psycopg.AsyncConnection.connect(database) as sql:
        for table in ("webhook_deliveries", "webhook_attempts", "webhook_endpoints"):
            rows = await (await sql.execute(f"SELECT t::text FROM {table} t".encode())).fetchall()
            assert rows
            assert not any("process 1" in row[0] or "confidence" in row[0] for row in rows)
            assert not any(SECRET in row[0] or "127.0.0.1" in row[0] for row in rows)


async def test_an_endpoint_that_is_gone_is_disabled_and_what_is_pending_waits(
    sending: Sending,
) -> None:
    webhook_id = await sending.register()
    await sending.register(path="/other")
    sending.receiver.answers["/hook"] = [410, 200]
    await sending.create(1)

    async def disabled() -> bool:
        webhook = await sending.services.store.load(Webhook, webhook_id)
        return not webhook.state.is_active

    await eventually(disabled)
    await sending.keep(1, 6)
    [last] = (await sending.services.store.history(f"webhook-{webhook_id}"))[1:]
    await sending.received(2, "/other")
    assert [one.status for one in await sending.deliveries(webhook_id)] == [PENDING, PENDING]
    assert len(sending.receiver.at("/hook")) == 1
    await sending.change(webhook_id, lambda webhook: webhook.enable())
    await sending.ended(4, DELIVERED)

    assert last.topic == "WebhookDisabled"
    assert getattr(last.event, "reason", None) is DisabledBecause.GONE
    assert last.metadata.actor == "system"
    events = [one.message["event"] for one in sending.receiver.at("/hook")]
    assert events == ["process.created", "process.created", "process.retention_changed"]


async def test_an_endpoint_that_fails_for_too_long_is_disabled(
    sending: Sending, database: str
) -> None:
    webhook_id = await sending.register()
    sending.receiver.answers["/hook"] = [500]
    await sending.create(1)
    await sending.ended(1, DEAD)
    long_ago = datetime.now(UTC) - timedelta(hours=72)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as sql:
        await sql.execute("UPDATE webhook_endpoints SET failing_since = %s", (long_ago,))
    await sending.keep(1, 6)

    async def disabled() -> bool:
        return not (await sending.services.store.load(Webhook, webhook_id)).state.is_active

    await eventually(disabled)
    [_, event] = await sending.services.store.history(f"webhook-{webhook_id}")
    assert getattr(event.event, "reason", None) is DisabledBecause.FAILING
    assert getattr(event.event, "failing_since", None) == long_ago


async def test_what_is_pending_is_cancelled_with_its_webhook(sending: Sending) -> None:
    webhook_id = await sending.register()
    sending.receiver.answers["/hook"] = ["hang"]
    await sending.create(1)
    await sending.keep(1, 6)
    await sending.received(1)
    await sending.change(webhook_id, lambda webhook: webhook.unregister())
    [first, second] = await sending.ended(2, DeliveryStatus.CANCELLED)

    assert (first.next_attempt_at, second.next_attempt_at) == (None, None)
    with pytest.raises(RuleViolatedError):
        await sending.services.deliveries.redeliver(first.delivery_id)


async def test_a_delivery_is_sent_again_on_request_under_the_same_id_and_marked(
    sending: Sending,
) -> None:
    await sending.create(1)
    await sending.register()
    await sending.keep(1, 6)
    [delivery] = await sending.ended(1, DELIVERED)
    reopened = await sending.services.deliveries.redeliver(delivery.delivery_id)
    first, second = await sending.received(2)

    assert reopened.redelivery
    assert first.delivery_id == second.delivery_id
    assert "webhook-redelivery" not in first.headers
    assert second.headers["webhook-redelivery"] == "true"
    assert first.message["data"] == second.message["data"]


async def test_all_are_sent_again_in_order_from_a_position_or_a_moment_on(
    sending: Sending,
) -> None:
    await sending.create(1)
    webhook_id = await sending.register()
    other = await sending.register(path="/other")
    await sending.keep(1, *range(1, 6))
    delivered = await sending.ended(10, DELIVERED)
    deliveries = sending.services.deliveries
    third = [one for one in delivered if one.webhook_id == webhook_id][2]

    assert await deliveries.redeliver_since(webhook_id, third.position, None) == 3
    await sending.received(8)
    assert await deliveries.redeliver_since(webhook_id, third.created_at, DEAD) == 0
    await sending.ended(10, DELIVERED)
    assert await deliveries.redeliver_since(webhook_id, datetime(2020, 1, 1, tzinfo=UTC), None) == 5
    await sending.received(13)

    assert months(sending.receiver.at("/hook")) == [1, 2, 3, 4, 5, 3, 4, 5, 1, 2, 3, 4, 5]
    assert len(sending.receiver.at("/other")) == 5
    assert len(await sending.deliveries(other)) == 5


@pytest.mark.parametrize("timeout_seconds", [PATIENCE_SECONDS])
async def test_at_one_endpoint_no_more_are_under_way_than_it_is_meant_to_bear(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.webhooks.sender.FINISH_SECONDS", 0.0)
    await sending.register()
    await sending.register(path="/other")
    sending.receiver.answers["/hook"] = ["hang"]
    for process_id in range(1, 11):
        await sending.create(process_id)
    await sending.received(4)
    await sending.received(10, "/other")

    assert len(sending.receiver.at("/hook")) == 4


async def test_a_test_event_is_sent_at_once_and_leaves_no_trace(sending: Sending) -> None:
    webhook_id = await sending.register("run.*")
    tested = await send_test(sending.services.store, sending.services.webhook_client, webhook_id)
    [received] = await sending.received(1)
    sending.receiver.answers["/hook"] = [418]
    failed = await send_test(sending.services.store, sending.services.webhook_client, webhook_id)

    assert (tested.delivered, tested.status_code, tested.error) == (True, 200, None)
    assert received.message["event"] == "test"
    assert received.delivery_id == tested.delivery_id
    assert StandardWebhook(SECRET.encode()).verify(received.body, dict(received.headers))
    assert (failed.delivered, failed.status_code) == (False, 418)
    assert failed.error is DeliveryError.BAD_STATUS
    assert not await sending.deliveries()

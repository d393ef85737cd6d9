"""Batches of events and the checkpoint go together, so each event takes effect once."""

import asyncio
import random

import psycopg
import pytest

from infra.event_store.assembly import EventStoreParts
from tests.infra.event_store.opening import rows
from tests.infra.event_store.thing import BY_TEST, Thing
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio


async def test_events_change_the_tables_and_move_the_checkpoint(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    thing = Thing.make(1, owner="Ann")
    thing.note("one")
    await log.store.save(thing, Thing.make(2), metadata=BY_TEST)
    await projecting.start(thing_projection())

    await caught_up(sql, "things")

    assert await shown(sql) == [("thing-1", "Ann", 1), ("thing-2", None, 0)]
    assert await rows(sql, "SELECT position FROM checkpoints WHERE projection = 'things'") == [(3,)]


async def test_the_checkpoint_moves_over_events_that_the_projection_does_not_want(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1)
    for millimetres in range(10):
        thing = await log.store.load(Thing, 1)
        thing.measure(millimetres)
        await log.store.save(thing, metadata=BY_TEST)
    await projecting.start(thing_projection(), batch_size=3)

    await caught_up(sql, "things")

    assert await rows(sql, "SELECT position FROM checkpoints WHERE projection = 'things'") == [
        (11,)
    ]


async def test_a_batch_is_one_transaction_with_its_checkpoint(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1, *map(str, range(29)))
    await projecting.start(thing_projection(), batch_size=10)

    await caught_up(sql, "things")

    batches = (
        "SELECT xmin, min(position), max(position) FROM things_v1.entries GROUP BY 1 ORDER BY 2"
    )
    found = await rows(sql, batches)
    assert [(first, last) for _, first, last in found] == [(2, 10), (11, 20), (21, 30)]
    last_transaction = found[-1][0]
    assert await rows(sql, "SELECT xmin FROM checkpoints WHERE projection = 'things'") == [
        (last_transaction,)
    ]
    assert await rows(sql, "SELECT xmin FROM things_v1.things") == [(last_transaction,)]


async def test_projections_at_one_position_share_one_transaction(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1, "one", "two")
    await projecting.start(thing_projection("these"), thing_projection("those"))

    await caught_up(sql, "these", "those")

    assert await shown(sql, "these") == await shown(sql, "those") == [("thing-1", None, 2)]
    transactions = """
    SELECT xmin FROM these_v1.things
    UNION SELECT xmin FROM those_v1.things
    UNION SELECT xmin FROM checkpoints WHERE projection IN ('these', 'those')
    """
    assert len(await rows(sql, transactions)) == 1


async def test_a_new_projection_catches_up_while_another_goes_on(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    for n in range(20):
        await note(log, n, "before")
    await projecting.start(thing_projection("older"))
    await caught_up(sql, "older")
    await projecting.start(thing_projection("newer"), batch_size=3)
    for n in range(20):
        await note(log, n, "meanwhile")

    await caught_up(sql, "older", "newer")

    assert await shown(sql, "newer") == await shown(sql, "older")
    assert len(await shown(sql, "newer")) == 20


async def test_each_event_takes_effect_once_though_the_connection_is_killed_at_random(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("infra.projections.projector.RETRY_SECONDS", 0.0)
    randomness = random.Random(4)  # noqa: S311
    process = await projecting.start(thing_projection(), batch_size=2)

    async def write() -> None:
        for n in range(300):
            await note(log, n % 10, str(n))

    writing = asyncio.create_task(write())
    kills = 0
    while not writing.done():
        await asyncio.sleep(randomness.uniform(0, 0.05))
        kills += await process.broken(sql)
    await writing
    await caught_up(sql, "things")

    assert kills > 3
    assert await shown(sql) == [(f"thing-{n}", None, 30) for n in range(10)]
    assert await rows(sql, "SELECT count(*) FROM things_v1.entries") == [(300,)]
    assert await rows(sql, "SELECT * FROM parked_streams") == []

"""Each event leads to its jobs exactly once, whatever breaks, and an old log to none."""

import asyncio
import random

import psycopg
import pytest

from application.jobs import Arguments, Duty, JobKind
from application.projections.status import ProjectionKind, ProjectionState
from infra.event_store.assembly import EventStoreParts
from infra.jobs.worker import JobWorker
from infra.postgres.connections import connection_pool
from infra.projections.follower import Follower
from infra.projections.installation import install
from infra.projections.status import PostgresProjectionStatuses
from tests.infra.event_store.opening import rows, until, until_locked_out
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.thing_projection import thing_projection
from tests.infra.subscriptions.thing_subscription import echoed, thing_subscription

pytestmark = pytest.mark.anyio

POSITION = "SELECT position FROM checkpoints WHERE projection = 'echoes'"


async def test_on_an_empty_log_a_subscription_begins_with_the_first_event(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await projecting.start(thing_subscription())
    await note(log, 1, "one", "twice")
    await caught_up(sql, "echoes")

    assert await echoed(sql) == [2, 3, 3]


async def test_what_was_recorded_before_a_subscription_came_has_no_effects(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await projecting.start(thing_projection())
    await note(log, 1, "old")
    await projecting.start(thing_projection(), thing_subscription())
    await note(log, 1, "new")
    await caught_up(sql, "things", "echoes")

    assert await echoed(sql) == [3]


async def test_another_version_of_a_subscription_goes_on_where_the_last_one_was(
    conninfo: str, log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    process = await projecting.start(thing_subscription())
    await note(log, 1, "one")
    await caught_up(sql, "echoes")
    await process.stop()
    await note(log, 1, "meanwhile")

    assert install(conninfo, [thing_subscription(version=2)]) == ["echoes"]
    assert install(conninfo, [thing_subscription(version=2)]) == []
    await projecting.start(thing_subscription(version=2))
    await caught_up(sql, "echoes")

    assert await echoed(sql) == [2, 3]


async def test_an_older_version_stops_following_once_another_is_installed(
    conninfo: str, log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await projecting.start(thing_subscription())
    install(conninfo, [thing_subscription(version=2)])
    await note(log, 1, "one")
    await projecting.start(thing_subscription(version=2), installing=False)
    await caught_up(sql, "echoes")

    assert await echoed(sql) == [2]


async def test_a_read_model_that_is_made_anew_makes_no_jobs_again(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    process = await projecting.start(thing_projection(), thing_subscription())
    await note(log, 1, "one")
    await caught_up(sql, "things", "echoes")
    await process.stop()
    await projecting.start(thing_projection(version=2), thing_subscription())
    await caught_up(sql, "things", "echoes")

    assert await shown(sql) == [("thing-1", None, 1)]
    assert await echoed(sql) == [2]


async def test_jobs_are_there_when_the_checkpoint_has_moved_and_not_before(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await projecting.start(thing_subscription())
    async with sql.transaction():
        await sql.execute("SELECT FROM checkpoints FOR UPDATE")
        await note(log, 1, "one")
        await until_locked_out(sql)
        assert await echoed(sql) == []
    await caught_up(sql, "echoes")

    transactions = """
    SELECT xmin FROM jobs.procrastinate_jobs
    UNION SELECT xmin FROM checkpoints WHERE projection = 'echoes'
    """
    assert len(await rows(sql, transactions)) == 1
    assert await echoed(sql) == [2]


async def test_each_event_leads_to_one_job_though_the_connection_is_killed_at_random(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("infra.projections.projector.RETRY_SECONDS", 0.0)
    randomness = random.Random(5)  # noqa: S311
    process = await projecting.start(thing_subscription(), thing_projection(), batch_size=2)
    standing_by = await projecting.start(thing_subscription(), thing_projection(), batch_size=2)

    async def write() -> None:
        for n in range(300):
            await note(log, n % 10, str(n))

    writing = asyncio.create_task(write())
    kills = 0
    while not writing.done():
        await asyncio.sleep(randomness.uniform(0, 0.05))
        kills += await process.broken(sql) + await standing_by.broken(sql)
    await writing
    await caught_up(sql, "echoes", "things")

    noted = await rows(sql, "SELECT position FROM things_v1.entries ORDER BY position")
    assert kills > 3
    assert await echoed(sql) == [position for (position,) in noted]
    assert len(noted) == 300


async def test_what_follows_from_an_event_is_done(
    conninfo: str, log: EventStoreParts, projecting: Projecting
) -> None:
    done: list[str | int] = []

    async def echo(arguments: Arguments) -> None:
        done.append(arguments["position"])

    duty = Duty(kind=JobKind(name="echo", timeout_seconds=10), function=echo)
    await projecting.start(thing_subscription())
    async with JobWorker(conninfo, [duty], concurrency=1).running():
        await note(log, 1, "one", "two")
        await until(lambda: done == [2, 3])


async def test_a_stream_that_a_subscription_is_at_a_loss_with_waits_and_others_go_on(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    await projecting.start(thing_subscription(at_a_loss_with=frozenset({"bad"})))
    await note(log, 1, "good", "bad", "behind it")
    await note(log, 2, "good")
    await caught_up(sql, "echoes")

    assert await echoed(sql) == [2, 6]
    parked = "SELECT projection, stream_id, position, error FROM parked_streams"
    assert await rows(sql, parked) == [("echoes", "thing-1", 3, "LookupError: bad")]
    known: list[Follower] = [thing_subscription(), thing_projection()]
    async with connection_pool(conninfo, 1) as pool:
        statuses = {s.name: s for s in await PostgresProjectionStatuses(pool, known).all()}
    assert statuses["echoes"].kind is ProjectionKind.SUBSCRIPTION
    assert statuses["echoes"].state is ProjectionState.PARKED_STREAMS
    assert statuses["things"].kind is ProjectionKind.PROJECTION

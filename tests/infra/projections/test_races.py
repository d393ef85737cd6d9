"""Rebuilds, retries and the projector get in each other's way, and nothing is lost or held up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest

from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from infra.event_store.reader import LogPage, LogReader
from infra.postgres.connections import connection_pool, connector
from infra.projections.installation import install
from infra.projections.parked import PostgresParkedStreams
from infra.projections.rebuild import Rebuild, RebuildStoppedError
from tests.infra.event_store.opening import rows, until_so
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.test_parked import Operator
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio

BAD = frozenset({"bad"})

WAITING = """
SELECT FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database() AND application_name = %s
"""

Before = Callable[[], Awaitable[None]]


class Watched(LogReader):
    """Tells before a rebuild catches up by another page."""

    before: Before
    passed = False

    async def after(self, *where: Any, **how: Any) -> AsyncIterator[LogPage]:
        async for page in super().after(*where, **how):
            yield page
        self.passed = True

    async def page(self, *where: Any, **how: Any) -> LogPage:
        if self.passed:
            await self.before()
        return await super().page(*where, **how)


async def rebuild(conninfo: str, ring: Keyring, before: Before, **handlers: Any) -> None:
    """Rebuild, with something that is done before each page that is caught up with."""
    async with connection_pool(conninfo, 2) as pool:
        reader = Watched(pool, ring)
        reader.before = before
        working = Rebuild(connector(conninfo, "rebuild"), reader)
        async with asyncio.timeout(20):
            await working.run([thing_projection(**handlers)], lambda _: None)


async def test_a_rebuild_ends_though_something_is_recorded_with_every_look_at_the_log(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    conninfo: str,
    ring: Keyring,
) -> None:
    await projecting.start(thing_projection())
    await note(log, 1, "one")

    await rebuild(conninfo, ring, lambda: note(log, 1, "more"))

    await caught_up(sql, "things")
    stream = await log.reader.stream("thing-1")
    assert await shown(sql) == [("thing-1", None, len(stream) - 1)]


async def test_an_event_behind_the_pass_that_cannot_be_applied_stops_the_rebuild(
    log: EventStoreParts, conninfo: str, ring: Keyring
) -> None:
    install(conninfo, [thing_projection()])
    await note(log, 1, "one")

    with pytest.raises(RebuildStoppedError, match="things stopped at position 3, ThingNoted"):
        await rebuild(conninfo, ring, lambda: note(log, 1, "bad"), at_a_loss_with=BAD)


async def test_the_projector_takes_no_rows_that_a_retry_might_want_before_its_checkpoint(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    process = await projecting.start(thing_projection())
    await note(log, 1, "one")
    await caught_up(sql, "things")

    async with sql.transaction():
        await sql.execute("UPDATE checkpoints SET revision = revision + 1")
        await note(log, 1, "two")
        await until_so(lambda: waiting(sql, f"annals {process.name} projector"))
        await sql.execute("SET LOCAL lock_timeout = '300ms'")
        await sql.execute("UPDATE things_v1.things SET label = label")

    await caught_up(sql, "things")
    assert await shown(sql) == [("thing-1", None, 2)]


async def test_a_retry_that_meets_a_swap_goes_on_with_the_copy_that_took_the_place(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    process = await projecting.start(thing_projection(at_a_loss_with=BAD))
    await note(log, 1, "bad", "behind it")
    await caught_up(sql, "things")
    await process.stop()
    parked = PostgresParkedStreams(connector(conninfo, "retry"), log.reader, [thing_projection()])

    async with sql.transaction():
        await sql.execute("""
            INSERT INTO checkpoints (projection, version, copy, position, revision)
            SELECT projection, version, 'rebuild', position, revision + 1 FROM checkpoints
            WHERE copy = 'live' AND projection = 'things'
        """)
        await sql.execute("UPDATE parked_streams SET copy = 'rebuild'")
        await sql.execute("DELETE FROM checkpoints WHERE projection = 'things' AND copy = 'live'")
        retry = asyncio.create_task(parked.retry("things", "thing-1"))
        await until_so(lambda: waiting(sql, "annals retry"))
        await sql.execute("UPDATE checkpoints SET copy = 'live' WHERE projection = 'things'")

    assert (await retry).events_applied == 2
    assert await shown(sql) == [("thing-1", None, 2)]


@pytest.mark.parametrize("helpless", [False, True])
async def test_what_is_skipped_while_a_rebuild_is_under_way_is_skipped_by_it(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    conninfo: str,
    ring: Keyring,
    *,
    helpless: bool,
) -> None:
    """Whether the rebuild had applied the event, or had parked its stream too."""
    await projecting.start(thing_projection(at_a_loss_with=BAD))
    await note(log, 1, "bad", "behind it")
    await caught_up(sql, "things")
    operator = Operator(conninfo, log, thing_projection(at_a_loss_with=BAD))
    skipped = False

    async def skip() -> None:
        nonlocal skipped
        if not skipped:
            skipped = True
            await operator.skip("thing-1")

    await rebuild(conninfo, ring, skip, at_a_loss_with=BAD if helpless else frozenset())

    await caught_up(sql, "things")
    assert await shown(sql) == [("thing-1", None, 1)]
    assert await rows(sql, "SELECT FROM parked_streams") == []


async def test_what_is_skipped_between_two_parts_of_a_rebuild_is_skipped_by_it(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    conninfo: str,
    ring: Keyring,
) -> None:
    await projecting.start(thing_projection(at_a_loss_with=BAD))
    await note(log, 1, "bad", "behind it")
    await caught_up(sql, "things")

    class PowerCutError(Exception):
        pass

    async def cut() -> None:
        raise PowerCutError

    with pytest.raises(PowerCutError):
        await rebuild(conninfo, ring, cut)
    await Operator(conninfo, log, thing_projection(at_a_loss_with=BAD)).skip("thing-1")

    await rebuild(conninfo, ring, lambda: asyncio.sleep(0))

    await caught_up(sql, "things")
    assert await shown(sql) == [("thing-1", None, 1)]


async def test_a_rebuild_whose_copy_is_taken_away_says_so(
    log: EventStoreParts, sql: psycopg.AsyncConnection, conninfo: str, ring: Keyring
) -> None:
    install(conninfo, [thing_projection()])
    await note(log, 1, "one")

    async def take_away() -> None:
        await sql.execute("DELETE FROM checkpoints WHERE copy = 'rebuild'")
        await note(log, 1, "more")

    with pytest.raises(RebuildStoppedError, match="things was restored or removed meanwhile"):
        await rebuild(conninfo, ring, take_away)


async def waiting(sql: psycopg.AsyncConnection, application_name: str) -> bool:
    await sql.execute("SELECT pg_stat_clear_snapshot()")
    return bool(await rows(sql, WAITING, application_name))

"""A projection that is new or of another version gets new tables, empty and at position 0."""

import asyncio

import psycopg
import pytest

from infra.event_store.assembly import EventStoreParts
from infra.projections.installation import install
from tests.infra.event_store.opening import rows, until_locked_out
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio

CHECKPOINT = "SELECT version, position FROM checkpoints WHERE projection = 'things'"


async def test_a_new_projection_begins_empty_at_position_0(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    assert install(conninfo, [thing_projection()]) == ["things"]

    assert await shown(sql) == []
    assert await rows(sql, CHECKPOINT) == [(1, 0)]


async def test_an_installed_projection_is_left_as_it_is(
    conninfo: str, log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    process = await projecting.start(thing_projection())
    await note(log, 1, "one")
    await caught_up(sql, "things")
    await process.stop()

    assert install(conninfo, [thing_projection()]) == []

    assert await shown(sql) == [("thing-1", None, 1)]
    assert await rows(sql, CHECKPOINT) == [(1, 2)]


async def test_another_version_is_made_anew_without_what_was_parked(
    conninfo: str, log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    process = await projecting.start(thing_projection(at_a_loss_with=frozenset({"bad"})))
    await note(log, 1, "good", "bad")
    await caught_up(sql, "things")
    await process.stop()

    assert install(conninfo, [thing_projection(version=2)]) == ["things"]

    assert await shown(sql) == []
    assert await rows(sql, CHECKPOINT) == [(2, 0)]
    assert await rows(sql, "SELECT * FROM parked_streams") == []


async def test_of_many_processes_that_start_at_once_one_installs(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    starts = [
        asyncio.to_thread(install, conninfo, [thing_projection("these"), thing_projection("those")])
        for _ in range(5)
    ]

    made = await asyncio.gather(*starts)

    assert sorted(name for names in made for name in names) == ["these", "those"]
    assert await shown(sql, "these") == await shown(sql, "those") == []


async def test_an_installation_waits_for_the_batch_under_way_and_nothing_of_that_remains(
    conninfo: str, log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await projecting.start(thing_projection())
    async with sql.transaction():
        await sql.execute("LOCK TABLE things.things")
        await note(log, 1, "one")
        await until_locked_out(sql)
        installing = asyncio.create_task(
            asyncio.to_thread(install, conninfo, [thing_projection(version=2)])
        )
        await until_locked_out(sql, 2)
    await installing

    assert await rows(sql, CHECKPOINT) == [(2, 0)]
    assert await shown(sql) == []

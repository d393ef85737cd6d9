"""Tables that no process reads or fills any more are removed, as no erasure reaches them."""

import psycopg
import pytest

from infra.event_store.assembly import EventStoreParts
from infra.postgres.connections import connector
from infra.projections.copies import begin_copy, take_turn
from infra.projections.installation import install
from infra.projections.leftovers import remove_leftovers
from tests.infra.event_store.opening import rows
from tests.infra.event_store.thing import BY_TEST, Thing
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio

SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'things%%' ORDER BY 1"

LAST_WEEK = """
UPDATE checkpoints SET progress_at = progress_at - interval '7 days' WHERE copy = 'rebuild'
"""


@pytest.fixture
async def begun(conninfo: str, sql: psycopg.AsyncConnection) -> None:
    """A rebuild has been begun, and nobody is at it."""
    install(conninfo, [thing_projection()])
    await begin_copy(sql, thing_projection(), restart=False)


async def removed(conninfo: str) -> list[str]:
    return remove_leftovers(conninfo, [thing_projection()])


@pytest.mark.usefixtures("begun")
async def test_a_rebuild_that_was_interrupted_can_go_on_for_a_day(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    assert await removed(conninfo) == []

    await sql.execute(LAST_WEEK)
    assert await removed(conninfo) == ["things_v1_rebuild"]
    assert await rows(sql, SCHEMAS) == [("things_v1",)]
    assert await rows(sql, "SELECT FROM checkpoints WHERE copy = 'rebuild'") == []


@pytest.mark.usefixtures("begun")
async def test_a_rebuild_that_was_interrupted_before_an_erasure_is_removed_at_once(
    conninfo: str, log: EventStoreParts
) -> None:
    thing = Thing.make(1, owner="Ann Example")
    thing.forget()
    await log.store.save(thing, metadata=BY_TEST)

    assert await removed(conninfo) == ["things_v1_rebuild"]


@pytest.mark.usefixtures("begun")
async def test_a_rebuild_that_somebody_is_at_is_left_alone(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    await sql.execute(LAST_WEEK)
    async with await connector(conninfo, "rebuild")() as other:
        await take_turn(other, thing_projection(), waiting=False)
        await sql.execute("CREATE SCHEMA things_v1_replaced")
        assert await removed(conninfo) == []

    assert sorted(await removed(conninfo)) == ["things_v1_rebuild", "things_v1_replaced"]


@pytest.mark.usefixtures("begun")
async def test_who_still_reads_is_not_waited_for(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    await sql.execute(LAST_WEEK)
    async with await connector(conninfo, "backup")() as other, other.transaction():
        await other.execute("SELECT FROM things_v1_rebuild.things")
        assert await removed(conninfo) == []

    assert len(await rows(sql, "SELECT FROM checkpoints WHERE copy = 'rebuild'")) == 1
    assert await removed(conninfo) == ["things_v1_rebuild"]


async def test_tables_that_were_replaced_by_a_rebuild_that_was_killed_are_removed(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    install(conninfo, [thing_projection()])
    await sql.execute("CREATE SCHEMA things_v1_replaced")
    await sql.execute("CREATE TABLE things_v1_replaced.things ()")

    assert await removed(conninfo) == ["things_v1_replaced"]
    assert await rows(sql, SCHEMAS) == [("things_v1",)]

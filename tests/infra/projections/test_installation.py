"""A projection that is new or of another version gets new tables, empty and at position 0."""

import asyncio

import psycopg
import pytest

from infra.event_store.assembly import EventStoreParts
from infra.projections.installation import install, read_versions, to_be_built
from infra.projections.leftovers import remove_leftovers
from tests.infra.event_store.opening import rows
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio

CHECKPOINT = """
SELECT version, position FROM checkpoints WHERE projection = 'things' ORDER BY version
"""


async def test_a_new_projection_begins_empty_at_position_0(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    assert install(conninfo, [thing_projection()]) == ["things_v1"]

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


async def test_another_version_stands_beside_the_older_one_with_what_is_parked_there(
    conninfo: str, log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    process = await projecting.start(thing_projection(at_a_loss_with=frozenset({"bad"})))
    await note(log, 1, "good", "bad")
    await caught_up(sql, "things")
    await process.stop()

    assert install(conninfo, [thing_projection(version=2)]) == ["things_v2"]

    assert await shown(sql, version=2) == []
    assert await shown(sql, version=1) == [("thing-1", None, 1)]
    assert await rows(sql, CHECKPOINT) == [(1, 3), (2, 0)]
    assert await rows(sql, "SELECT projection_version FROM parked_streams") == [(1,)]


async def test_an_older_version_is_retired_once_nobody_reads_it(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    install(conninfo, [thing_projection(version=1), thing_projection("others")])
    install(conninfo, [thing_projection(version=2)])
    newer = [thing_projection(version=2), thing_projection("others")]

    reader = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    async with reader:
        await read_versions(reader, ["things_v1"])
        assert remove_leftovers(conninfo, newer) == []

    assert remove_leftovers(conninfo, newer) == [
        "things_v1",
        "things_v1_rebuild",
        "things_v1_replaced",
    ]
    assert await rows(sql, CHECKPOINT) == [(2, 0)]
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'things%%'"
    assert await rows(sql, schemas) == [("things_v2",)]


async def test_what_is_new_over_a_log_with_events_is_to_be_built_first(
    conninfo: str, log: EventStoreParts
) -> None:
    things, others = thing_projection(), thing_projection("others")
    assert to_be_built(conninfo, [things, others]) == []
    install(conninfo, [things])
    await note(log, 1)

    assert to_be_built(conninfo, [things, others]) == [others]


async def test_of_many_processes_that_start_at_once_one_installs(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    starts = [
        asyncio.to_thread(install, conninfo, [thing_projection("these"), thing_projection("those")])
        for _ in range(5)
    ]

    made = await asyncio.gather(*starts)

    assert sorted(name for names in made for name in names) == ["these_v1", "those_v1"]
    assert await shown(sql, "these") == await shown(sql, "those") == []

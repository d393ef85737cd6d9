"""A rebuild makes a read model anew beside the live one, and changes places with it at the end."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from application.projections.ports import RebuildProgress, RebuildStage
from infra.event_store.assembly import EventStoreParts
from infra.postgres.connections import connector
from infra.projections.copies import take_turn
from infra.projections.installation import install, to_be_built
from infra.projections.rebuild import Rebuild, RebuildStoppedError, RebuildUnderWayError
from projections.projection import Projection
from tests.infra.event_store.opening import rows, until
from tests.infra.event_store.thing import BY_TEST, Thing
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio

BAD = frozenset({"bad"})

CHECKPOINTS = """
SELECT projection, version, copy, position
FROM checkpoints
WHERE projection LIKE 'thing%%' OR projection = 'others'
ORDER BY 1, 2, 3
"""

SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'things%%' ORDER BY 1"

INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = %s ORDER BY 1"


class PowerCutError(Exception):
    """What ends a rebuild in the middle."""


class Rebuilding:
    """Rebuilds over one database, a few events at a time."""

    def __init__(self, conninfo: str, log: EventStoreParts) -> None:
        self._rebuild = Rebuild(connector(conninfo, "rebuild"), log.reader, batch_size=3)
        self.told: list[RebuildProgress] = []

    async def run(self, *projections: Projection, **how: bool) -> None:
        await self._rebuild.run(projections, self.told.append, **how)

    @property
    def stages(self) -> Sequence[tuple[RebuildStage, int]]:
        return [(told.stage, told.position) for told in self.told]


@pytest.fixture
def rebuilding(conninfo: str, log: EventStoreParts) -> Rebuilding:
    return Rebuilding(conninfo, log)


async def test_it_takes_the_place_of_the_live_one_with_all_that_was_recorded(
    log: EventStoreParts,
    projecting: Projecting,
    rebuilding: Rebuilding,
    sql: psycopg.AsyncConnection,
) -> None:
    await note(log, 1, "one", "two", "three", "four")
    process = await projecting.start(thing_projection())
    await caught_up(sql, "things")
    live = await rows(sql, INDEXES, "things_v1")
    await sql.execute("UPDATE things_v1.things SET notes = 9, owner = 'nobody'")

    await rebuilding.run(thing_projection())

    assert await shown(sql) == [("thing-1", None, 4)]
    assert rebuilding.stages == [
        (RebuildStage.FILLING, 3),
        (RebuildStage.FILLING, 5),
        (RebuildStage.INDEXING, 5),
        (RebuildStage.SWAPPING, 5),
        (RebuildStage.DONE, 5),
    ]
    assert await rows(sql, CHECKPOINTS) == [("things", 1, "live", 5)]
    assert await rows(sql, SCHEMAS) == [("things_v1",)]
    assert await rows(sql, INDEXES, "things_v1") == live

    await note(log, 1, "five")
    assert await process.freshness.reach_head(["things"]) == 6
    assert await shown(sql) == [("thing-1", None, 5)]


async def test_what_is_recorded_meanwhile_is_in_both_and_nothing_counts_twice(
    log: EventStoreParts,
    projecting: Projecting,
    rebuilding: Rebuilding,
    sql: psycopg.AsyncConnection,
) -> None:
    process = await projecting.start(thing_projection(), thing_projection("others"))
    await note(log, 1, *(str(n) for n in range(10)))
    done = asyncio.Event()

    async def write() -> int:
        written = 10
        while not done.is_set():
            await note(log, 1, str(written))
            written += 1
            await process.freshness.reach_head(["things", "others"])
            assert await shown(sql) == [("thing-1", None, written)]
        return written

    writing = asyncio.create_task(write())
    for _ in range(3):
        await rebuilding.run(thing_projection(), thing_projection("others"))
    done.set()
    written = await writing

    await caught_up(sql, "things", "others")
    assert await shown(sql) == await shown(sql, "others") == [("thing-1", None, written)]
    positions = "SELECT count(*), count(DISTINCT position) FROM things_v1.entries"
    assert await rows(sql, positions) == [(written, written)]


async def test_an_interrupted_one_goes_on_from_there_unless_it_is_to_begin_anew(
    log: EventStoreParts, rebuilding: Rebuilding, conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    install(conninfo, [thing_projection()])
    await note(log, 1, "one", "two", "three", "four", "five", "six", "seven")

    def interrupt(progress: RebuildProgress) -> None:
        if progress.position == 6:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        await rebuilding._rebuild.run([thing_projection()], interrupt)
    assert await rows(sql, CHECKPOINTS) == [
        ("things", 1, "live", 0),
        ("things", 1, "rebuild", 6),
    ]

    await rebuilding.run(thing_projection())
    assert rebuilding.stages[0] == (RebuildStage.FILLING, 8)
    assert await shown(sql) == [("thing-1", None, 7)]

    with pytest.raises(PowerCutError):
        await rebuilding._rebuild.run([thing_projection()], interrupt)
    rebuilding.told.clear()
    await rebuilding.run(thing_projection(), restart=True)
    assert rebuilding.stages[0] == (RebuildStage.FILLING, 3)
    assert await shown(sql) == [("thing-1", None, 7)]


async def test_one_that_is_ahead_waits_for_the_others_in_the_one_pass(
    log: EventStoreParts, rebuilding: Rebuilding, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1, "one", "two", "three", "four")

    def interrupt(_: RebuildProgress) -> None:
        raise PowerCutError

    with pytest.raises(PowerCutError):
        await rebuilding._rebuild.run([thing_projection("others")], interrupt)
    await sql.execute("UPDATE checkpoints SET position = 2 WHERE copy = 'rebuild'")
    await sql.execute("UPDATE others_v1_rebuild.things SET notes = 1")
    await sql.execute("DELETE FROM others_v1_rebuild.entries WHERE position > 2")

    await rebuilding.run(thing_projection(), thing_projection("others"))

    assert await shown(sql) == await shown(sql, "others") == [("thing-1", None, 4)]


async def test_an_event_that_cannot_be_applied_stops_it_and_the_live_one_stays(
    log: EventStoreParts,
    rebuilding: Rebuilding,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
) -> None:
    await projecting.start(thing_projection(), thing_projection("others"))
    await log.store.save(Thing.make(1, owner="Ann Example"), metadata=BY_TEST)
    await note(log, 1, "good")
    await caught_up(sql, "things", "others")
    helpless = thing_projection(at_a_loss_with=frozenset({"Ann Example"}))

    with pytest.raises(RebuildStoppedError) as stopped:
        await rebuilding.run(helpless, thing_projection("others"))

    assert str(stopped.value).startswith(
        "things stopped at position 1, ThingMade in thing-1: HandlerError: what to do with"
    )
    assert "Ann" not in str(stopped.value)
    assert await rows(sql, CHECKPOINTS) == [
        ("others", 1, "live", 2),
        ("things", 1, "live", 2),
        ("things", 1, "rebuild", 0),
    ]
    assert await shown(sql) == [("thing-1", "Ann Example", 1)]
    [(kept,)] = await rows(sql, "SELECT last_error FROM checkpoints WHERE copy = 'rebuild'")
    assert kept == str(stopped.value)


async def test_a_stream_that_is_parked_in_the_live_one_gets_another_try_and_may_stay_parked(
    log: EventStoreParts,
    rebuilding: Rebuilding,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
) -> None:
    await note(log, 1, "bad", "behind it")
    await note(log, 2, "good")
    await projecting.start(thing_projection(at_a_loss_with=BAD))
    await caught_up(sql, "things")

    await rebuilding.run(thing_projection(at_a_loss_with=BAD))
    parked = "SELECT copy, stream_id, position FROM parked_streams"
    assert await rows(sql, parked) == [("live", "thing-1", 2)]
    assert await shown(sql) == [("thing-1", None, 0), ("thing-2", None, 1)]

    await rebuilding.run(thing_projection())
    assert await rows(sql, parked) == []
    assert await shown(sql) == [("thing-1", None, 2), ("thing-2", None, 1)]


async def test_with_parking_allowed_it_goes_on_without_the_stream(
    log: EventStoreParts, rebuilding: Rebuilding, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1, "bad", "behind it")
    await note(log, 2, "good")

    await rebuilding.run(thing_projection(at_a_loss_with=BAD), parking=True)

    assert rebuilding.told[-1].parked_streams == 1
    assert await shown(sql) == [("thing-1", None, 0), ("thing-2", None, 1)]


async def test_another_version_is_built_beside_the_older_one_that_is_read_on(
    log: EventStoreParts,
    rebuilding: Rebuilding,
    projecting: Projecting,
    conninfo: str,
    sql: psycopg.AsyncConnection,
) -> None:
    older = await projecting.start(thing_projection(version=1))
    await note(log, 1, "one")
    await caught_up(sql, "things")
    newer = thing_projection(version=2)
    assert to_be_built(conninfo, [newer]) == [newer]

    await rebuilding.run(newer, only_missing=True)
    await rebuilding.run(newer, only_missing=True)  # finds it built
    await projecting.start(newer, installing=False)
    await note(log, 1, "two")
    await older.freshness.reach_head(["things"])
    await caught_up(sql, "things")

    assert [told.stage for told in rebuilding.told].count(RebuildStage.DONE) == 1
    assert await shown(sql, version=1) == await shown(sql, version=2) == [("thing-1", None, 2)]
    assert await rows(sql, CHECKPOINTS) == [("things", 1, "live", 3), ("things", 2, "live", 3)]


async def test_two_processes_do_not_rebuild_one_projection_at_once(
    log: EventStoreParts, rebuilding: Rebuilding, conninfo: str
) -> None:
    await note(log, 1, "one")

    async with await connector(conninfo, "rebuild")() as other:
        await take_turn(other, thing_projection(), waiting=False)
        with pytest.raises(RebuildUnderWayError, match="things is being rebuilt by another"):
            await rebuilding.run(thing_projection())

    await rebuilding.run(thing_projection())


async def test_who_reads_the_old_tables_reads_them_to_the_end(
    log: EventStoreParts,
    rebuilding: Rebuilding,
    projecting: Projecting,
    conninfo: str,
    sql: psycopg.AsyncConnection,
) -> None:
    await projecting.start(thing_projection())
    await note(log, 1, "one")
    await caught_up(sql, "things")
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as reader:
        prepared = "SELECT notes FROM things_v1.things"
        await reader.execute(prepared, prepare=True)
        async with reader.transaction():
            assert await (await reader.execute(prepared, prepare=True)).fetchall() == [(1,)]
            rebuild = asyncio.create_task(rebuilding.run(thing_projection()))
            await until(lambda: RebuildStage.SWAPPING in dict(rebuilding.stages))
            await note(log, 1, "two")
            await caught_up(sql, "things")
            assert await shown(sql) == [("thing-1", None, 2)]
        await rebuild
        assert await (await reader.execute(prepared, prepare=True)).fetchall() == [(2,)]

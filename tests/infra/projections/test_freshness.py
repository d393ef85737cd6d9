"""Read your writes: a query sees what was recorded before it, from whichever process."""

import psycopg
import pytest

from application.errors import ReadModelBehindError
from application.metadata import by_system
from domain.processes.process import Process
from infra.event_store.assembly import EventStoreParts
from infra.event_store.observer import LogObserver
from infra.postgres.connections import connection_pool
from infra.postgres.signals import Signals
from infra.projections.freshness import LogFreshness
from infra.settings import Settings
from interfaces.composition import compose, open_database
from tests.infra.event_store.opening import until, until_locked_out
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio


async def test_what_one_process_records_another_one_shows(settings: Settings) -> None:
    """One process records, another projects, a third is asked."""
    with open_database(settings) as conninfo:
        api = frozenset({"api"})
        async with (
            compose(settings, conninfo, api) as recording,  # type: ignore[arg-type]
            compose(settings, conninfo),
            compose(settings, conninfo, api) as asked,  # type: ignore[arg-type]
        ):
            for n in range(1, 40):
                process = Process.create(n, name=f"process {n}", meta={})
                position = await recording.store.save(process, metadata=by_system("test"))

                assert await asked.freshness.reach_head(["processes"]) == position
                assert await asked.processes.get(n) is not None


async def test_it_needs_no_signal(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("infra.projections.projector.LOOK_AGAIN_SECONDS", 0.05)
    deaf = await projecting.start(thing_projection(), listening=False)
    for n in range(1, 4):
        await note(log, 1, str(n))

        assert await deaf.freshness.reach_head(["things"]) == n + 1
        assert await shown(sql) == [("thing-1", None, n)]


async def test_a_query_waits_while_its_read_model_is_behind(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    process = await projecting.start(thing_projection())
    await caught_up(sql, "things")
    async with sql.transaction():
        await sql.execute("LOCK TABLE things_v1.things")
        await note(log, 1, "one")
        await until_locked_out(sql)

        impatient = LogFreshness(
            process.freshness._observer, process.signals, [thing_projection()], patience=0.05
        )
        with pytest.raises(ReadModelBehindError):
            await impatient.reach_head(["things"])

    assert await process.freshness.reach_head(["things"]) == 2
    assert await shown(sql) == [("thing-1", None, 1)]


async def test_a_query_does_not_wait_for_read_models_that_it_does_not_ask(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    process = await projecting.start(thing_projection("asked"))
    await projecting.start(thing_projection("slow"))
    await caught_up(sql, "asked", "slow")
    async with sql.transaction():
        await sql.execute("LOCK TABLE slow_v1.things")
        await note(log, 1, "one")

        assert await process.freshness.reach_head(["asked"]) == 2
        assert await shown(sql, "asked") == [("thing-1", None, 1)]


async def test_what_was_heard_of_a_projection_is_forgotten_with_the_connection(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    """A server that crashes may take back the projector's last steps."""
    projector = await projecting.start(thing_projection())
    asked = await projecting.start(installing=False)
    await note(log, 1, "one")
    await caught_up(sql, "things")
    await until(lambda: asked.signals.position("things_v1") == 2)
    await projector.stop()
    await sql.execute("UPDATE checkpoints SET position = 0 WHERE projection = 'things'")
    await asked.kill(sql, "signals")
    await until(lambda: asked.signals.position("things_v1") == 0)

    impatient = LogFreshness(
        asked.freshness._observer, asked.signals, [thing_projection()], patience=0.05
    )
    with pytest.raises(ReadModelBehindError):
        await impatient.reach_head(["things"])


async def test_what_a_dying_server_told_of_a_projection_is_not_believed(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    """The signal comes from a step that was committed and never flushed."""
    projector = await projecting.start(thing_projection())
    asked = await projecting.start(installing=False)
    await note(log, 1, "one")
    await caught_up(sql, "things")
    await projector.stop()
    await sql.execute("UPDATE checkpoints SET position = 0 WHERE projection = 'things'")
    asked.signals.advance("things_v1", 2)

    impatient = LogFreshness(
        asked.freshness._observer, asked.signals, [thing_projection()], patience=0.05
    )
    with pytest.raises(ReadModelBehindError):
        await impatient.reach_head(["things"])


async def test_every_projection_is_told_its_own_position(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    """Also where the planner reads names and positions each its own way."""
    await sql.execute("DELETE FROM checkpoints")
    await sql.execute("""
        INSERT INTO checkpoints (projection, version, position)
        SELECT 'p' || n, 1, n FROM generate_series(5000, 1, -1) AS n
    """)
    await sql.execute("VACUUM ANALYZE checkpoints")
    async with connection_pool(conninfo, 1) as pool:
        observer = LogObserver(pool)
        async with observer.running():
            observed = await observer.ask(None)

    assert observed.checkpoints == {(f"p{n}", 1): n for n in range(1, 5001)}


async def test_a_projection_that_was_never_installed_is_never_fresh(
    conninfo: str, log: EventStoreParts
) -> None:
    await note(log, 1)
    async with connection_pool(conninfo, 1) as pool:
        observer = LogObserver(pool)
        signals = Signals(lambda: psycopg.AsyncConnection.connect(conninfo))
        async with observer.running():
            freshness = LogFreshness(observer, signals, [thing_projection()], patience=0.05)
            with pytest.raises(ReadModelBehindError):
                await freshness.reach_head(["things"])

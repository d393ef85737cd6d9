"""One process holds a projection at a time; another stands by and takes over."""

import psycopg
import pytest

from infra.event_store.assembly import EventStoreParts
from infra.postgres.signals import LOG_CHANNEL, Signals
from infra.projections import projector
from infra.projections.installation import install
from tests.infra.event_store.opening import rows, until_so
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio

HOLDERS = """
SELECT application_name
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND classid = 4127304 AND granted AND datname = current_database()
ORDER BY 1
"""


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "LOOK_AGAIN_SECONDS", 0.05)


async def test_of_two_processes_one_holds_a_projection(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    for _ in range(3):
        await projecting.start(thing_projection())
    for n in range(30):
        await note(log, 1, str(n))
    await caught_up(sql, "things")

    assert len(await rows(sql, HOLDERS)) == 1
    assert await shown(sql) == [("thing-1", None, 30)]


async def test_processes_share_the_projections_that_are_free(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await projecting.start(thing_projection("these"))
    await _held_by(sql, "annals process 0 projector")
    await projecting.start(thing_projection("these"), thing_projection("those"))
    await _held_by(sql, "annals process 0 projector", "annals process 1 projector")

    await note(log, 1, "one")
    await caught_up(sql, "these", "those")

    assert await shown(sql, "these") == await shown(sql, "those") == [("thing-1", None, 1)]


async def test_when_the_holder_dies_another_takes_over_where_it_stood(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    first = await projecting.start(thing_projection())
    await note(log, 1, "one")
    await caught_up(sql, "things")
    await projecting.start(thing_projection())
    await first.kill(sql)
    await _held_by(sql, "annals process 1 projector")

    await note(log, 1, "two")
    await caught_up(sql, "things")

    assert await shown(sql) == [("thing-1", None, 2)]


async def test_when_the_holder_ends_another_takes_over(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    first = await projecting.start(thing_projection())
    await _held_by(sql, "annals process 0 projector")
    await projecting.start(thing_projection())
    await first.stop()

    await note(log, 1, "one")
    await caught_up(sql, "things")

    assert await rows(sql, HOLDERS) == [("annals process 1 projector",)]


async def test_a_process_that_was_stopped_loses_what_it_holds_to_another(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as stopped:
        # To look around so seldom is as good as being stopped.
        stopped.setattr(projector, "STOPPED", "500ms")
        stopped.setattr(projector, "LOOK_AGAIN_SECONDS", 1e9)
        await projecting.start(thing_projection())
        await _held_by(sql, "annals process 0 projector")
        await _held_by(sql)
    await projecting.start(thing_projection())
    await _held_by(sql, "annals process 1 projector")

    await note(log, 1, "one")
    await caught_up(sql, "things")

    assert await shown(sql) == [("thing-1", None, 1)]


async def test_a_process_that_stands_by_only_waits(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It once spun, and nothing else in its process got a turn."""
    await projecting.start(thing_projection())
    await note(log, 1, "one")
    await caught_up(sql, "things")
    by = await projecting.start(thing_projection())
    by.signals.advance(LOG_CHANNEL, 999)  # whatever it hears, of a log that ends at 2
    waits = 0
    wait_beyond = Signals.wait_beyond

    async def counted(self: Signals, name: str, position: int, patience: float) -> None:
        nonlocal waits
        waits += self is by.signals
        await wait_beyond(self, name, position, patience)

    monkeypatch.setattr(Signals, "wait_beyond", counted)
    latest = "SELECT query_start FROM pg_stat_activity WHERE application_name = %s"
    seen = set[object]()

    async def looked_around() -> bool:
        seen.update(await rows(sql, latest, f"annals {by.name} projector"))
        return len(seen) > 5

    await until_so(looked_around)

    assert 0 < waits < 100


async def test_processes_of_two_releases_each_keep_their_own_version_up_to_date(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    """As in a rolling upgrade: whoever reads the older version still sees it follow the log."""
    await note(log, 1, "one", "two")
    await projecting.start(thing_projection(version=1))
    await projecting.start(thing_projection(version=2))
    await caught_up(sql, "things")
    await note(log, 1, "three")
    await caught_up(sql, "things")

    assert await shown(sql, version=1) == await shown(sql, version=2) == [("thing-1", None, 3)]
    await _held_by(sql, "annals process 0 projector", "annals process 1 projector")


async def test_a_version_that_a_process_does_not_know_is_left_alone(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    install(conninfo, [thing_projection(version=2)])
    await projecting.start(thing_projection(version=1))
    await note(log, 1, "one")
    await until_so(lambda: _reached(sql, 2, version=1))

    assert await shown(sql, version=2) == []
    assert await _reached(sql, 0, version=2)


async def test_a_process_that_was_overtaken_neither_writes_nor_parks_but_takes_up_what_is_there(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has not looked around yet, and somebody else changed tables and checkpoint meanwhile."""
    monkeypatch.setattr(projector, "LOOK_AGAIN_SECONDS", 1e9)
    await note(log, 1, "one")
    await projecting.start(
        thing_projection(), thing_projection("helpless", at_a_loss_with=frozenset({"bad"}))
    )
    await caught_up(sql, "things", "helpless")

    async with sql.transaction():
        await sql.execute("UPDATE checkpoints SET revision = revision + 1, position = 3")
        await note(log, 1, "bad")
    await note(log, 2)
    projecting._processes[0].signals.advance(LOG_CHANNEL, 4)
    await caught_up(sql, "things", "helpless")

    for name in ("things", "helpless"):
        assert await shown(sql, name) == [("thing-1", None, 1), ("thing-2", None, 0)]
    assert await rows(sql, "SELECT * FROM parked_streams") == []


async def _reached(sql: psycopg.AsyncConnection, position: int, *, version: int) -> bool:
    query = "SELECT position FROM checkpoints WHERE projection = 'things' AND version = %s"
    return await rows(sql, query, version) == [(position,)]


async def _held_by(sql: psycopg.AsyncConnection, *names: str) -> None:
    async def held() -> bool:
        return await rows(sql, HOLDERS) == [(name,) for name in names]

    await until_so(held)

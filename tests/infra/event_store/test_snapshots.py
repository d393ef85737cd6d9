"""Snapshots only save time: they change nothing that is read, and outlive no erasure."""

import asyncio

import psycopg
import pytest

from domain.processes.events import Step
from domain.runs.run import Run, StepRunChange
from domain.runs.status import StepRunStatus
from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from infra.event_store.snapshots import Snapshots
from infra.event_store.subjects import SubjectKeys
from infra.postgres.connections import connection_pool
from tests.infra.event_store.opening import rows, tampered, until_locked_out
from tests.infra.event_store.thing import BY_TEST, LongThing, Thing

pytestmark = pytest.mark.anyio

VERSIONS = "SELECT originator_version FROM snapshots"


async def test_a_snapshot_is_taken_every_so_many_events(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    taken = []
    for version in range(1, 10):
        await _grown(log, version)
        taken.append(await rows(sql, VERSIONS))

    assert taken == [[], [], [], [(4,)], [(4,)], [(4,)], [(4,)], [(8,)], [(8,)]]


async def test_a_command_that_steps_over_the_mark_takes_one_too(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = LongThing.make(1)
    for _ in range(5):
        thing.note("n")
    await log.store.save(thing, metadata=BY_TEST)

    assert await rows(sql, VERSIONS) == [(6,)]


async def test_an_aggregate_type_that_did_not_opt_in_has_none(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = Thing.make(1)
    for _ in range(9):
        thing.note("n")
    await log.store.save(thing, metadata=BY_TEST)

    assert await rows(sql, VERSIONS) == []


@pytest.mark.parametrize("events", [4, 6])
@pytest.mark.parametrize("owner", ["Ann", None])
async def test_loading_from_a_snapshot_equals_folding_every_event(
    log: EventStoreParts, sql: psycopg.AsyncConnection, owner: str | None, events: int
) -> None:
    await _grown(log, events, owner=owner)

    loaded = await log.store.load(LongThing, 1)
    folded = await log.store.load_as_of("long_thing-1")

    assert await rows(sql, VERSIONS) == [(4,)]
    assert (loaded.id, loaded.version, loaded.state) == (folded.id, folded.version, folded.state)
    assert (loaded.created_on, loaded.modified_on) == (folded.created_on, folded.modified_on)
    assert loaded.state.owner == owner


async def test_the_events_before_a_snapshot_are_not_read_again(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await _grown(log, 6)
    # Told apart from a full fold by what only that would see.
    await tampered(sql, "DELETE FROM events WHERE originator_version <= 4")

    assert (await log.store.load(LongThing, 1)).state.notes == ["2", "3", "4", "5", "6"]


async def test_a_snapshot_of_another_shape_is_passed_over_and_replaced(
    log: EventStoreParts, sql: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _grown(log, 4)
    monkeypatch.setattr(LongThing, "SNAPSHOT_VERSION", 2)
    # It could be read, and would be wrong.
    state = (
        '{"created_on": "2026-01-01T00:00:00Z", "modified_on": "2026-01-01T00:00:00Z", '
        '"state": {"label": "another", "owner": null, "notes": ["of before"]}}'
    )
    await sql.execute("UPDATE snapshots SET state = convert_to(%s, 'UTF8')", (state,))

    assert (await log.store.load(LongThing, 1)).state.notes == ["2", "3", "4"]
    for version in range(5, 9):
        await _grown(log, version)

    assert await rows(sql, "SELECT originator_version, schema_version FROM snapshots") == [(8, 2)]
    assert (await log.store.load(LongThing, 1)).state.notes[-1] == "8"


@pytest.mark.parametrize("owner", ["Ann", None])
@pytest.mark.parametrize("state", ["", "{}", "no JSON", '{"label": 1}'])
async def test_a_damaged_snapshot_is_passed_over(
    log: EventStoreParts, sql: psycopg.AsyncConnection, owner: str | None, state: str
) -> None:
    await _grown(log, 4, owner=owner)
    await sql.execute("UPDATE snapshots SET state = convert_to(%s, 'UTF8')", (state,))

    assert (await log.store.load(LongThing, 1)).state.notes == ["2", "3", "4"]


async def test_a_snapshot_holds_personal_data_only_encrypted(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await _grown(log, 4, owner="Ann Example")

    [(subject, state)] = await rows(sql, "SELECT subject, state FROM snapshots")

    assert subject == "long_thing-1"
    assert isinstance(state, bytes)
    assert b"Ann" not in state


async def test_no_snapshot_survives_an_erasure(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = await _grown(log, 4, owner="Ann")
    assert await rows(sql, VERSIONS) == [(4,)]

    thing.forget()
    await log.store.save(thing, metadata=BY_TEST)

    assert await rows(sql, VERSIONS) == []
    assert (await log.store.load(LongThing, 1)).state.owner is None


async def test_a_state_of_before_an_erasure_never_comes_as_a_snapshot_after_it(
    log: EventStoreParts,
    elsewhere: EventStoreParts,
    sql: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process has recorded the event that makes a snapshot due; before it takes it, another
    process erases the subject."""
    thing = await _grown(log, 3, owner="Ann Example")
    erase = elsewhere.store

    async def erased_meanwhile(_: LongThing, __: int | None) -> None:
        monkeypatch.undo()
        other = await erase.load(LongThing, 1)
        other.forget()
        await erase.save(other, metadata=BY_TEST)
        await log.store._snapshot_if_due(thing, 3)

    monkeypatch.setattr(log.store, "_snapshot_if_due", erased_meanwhile)
    thing.note("4")
    await log.store.save(thing, metadata=BY_TEST)

    assert await rows(sql, "SELECT * FROM snapshots") == []
    assert (await log.store.load(LongThing, 1)).version == 5


async def test_a_snapshot_whose_key_is_being_destroyed_waits_for_that_and_is_not_taken(
    log: EventStoreParts, sql: psycopg.AsyncConnection, conninfo: str, ring: Keyring
) -> None:
    thing = await _grown(log, 3, owner="Ann Example")
    async with connection_pool(conninfo, 2) as pool:
        key = (await SubjectKeys(pool, ring).existing([thing.id]))[thing.id]
        async with sql.transaction():
            # What the commit of an erasure does, step by step.
            await sql.execute("DELETE FROM subject_keys WHERE subject = %s", (thing.id,))
            await sql.execute("DELETE FROM snapshots WHERE subject = %s", (thing.id,))
            taking = asyncio.create_task(Snapshots(pool, ring).take(thing, key))
            await until_locked_out(sql)
            assert not taking.done()
        await taking

    assert await rows(sql, VERSIONS) == []


async def test_an_erasure_waits_for_a_snapshot_that_is_being_taken_and_removes_it(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = await _grown(log, 4, owner="Ann")
    async with sql.transaction():
        # What taking a snapshot does: it holds on to the key.
        await sql.execute("SELECT FROM subject_keys WHERE subject = %s FOR SHARE", (thing.id,))
        await sql.execute("UPDATE snapshots SET originator_version = 5")
        thing.forget()
        erasing = asyncio.create_task(log.store.save(thing, metadata=BY_TEST))
        await until_locked_out(sql)
        assert not erasing.done()
    await erasing

    assert await rows(sql, VERSIONS) == []


async def test_a_stream_with_personal_data_of_others_has_no_snapshot(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    """Erasing the borrower would not find it: a snapshot is under the key of its own stream."""
    thing = LongThing.make(1, owner="Ann")
    thing.lend("person-7", "Bob Borrower")
    for _ in range(6):
        thing.note("n")
    await log.store.save(thing, metadata=BY_TEST)

    assert await rows(sql, VERSIONS) == []
    assert (await log.store.load(LongThing, 1)).state.borrowers == ["Bob Borrower"]


async def test_a_snapshot_that_cannot_be_taken_fails_no_command(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await sql.execute("ALTER TABLE snapshots RENAME TO elsewhere")
    thing = LongThing.make(1)
    for _ in range(5):
        thing.note("n")

    assert await log.store.save(thing, metadata=BY_TEST) == 6


async def test_a_run_is_worth_a_snapshot_and_comes_back_from_it_as_it_was(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    step = Step(id=1, index=1, name="Check", is_rerunnable=False, rerun_config=None)
    run = Run.start(
        42,
        process_id=1,
        entity_id="010203-4050",
        entity_name="Ann Example",
        meta={"department": "HR", "email": "ann@example.org"},
        safe_meta_fields=frozenset({"department"}),
        steps=[(70, step), (71, step)],
    )
    while run.version < 202:
        status = StepRunStatus.RUNNING if run.version % 2 else StepRunStatus.FAILED
        run.record_step(70, StepRunChange(status=status, meta={"note": str(run.version)}))
    await log.store.save(run, metadata=BY_TEST)

    assert len(await rows(sql, VERSIONS)) == 1
    loaded = await log.store.load(Run, 42)
    folded = await log.store.load_as_of("run-42")
    assert (loaded.version, loaded.state) == (folded.version, folded.state)


async def _grown(log: EventStoreParts, version: int, owner: str | None = None) -> LongThing:
    """Bring the thing to a version, an event at a time."""
    if version == 1 or not await log.reader.stream("long_thing-1"):
        await log.store.save(LongThing.make(1, owner=owner), metadata=BY_TEST)
    thing = await log.store.load(LongThing, 1)
    while thing.version < version:
        thing.note(str(thing.version + 1))
        await log.store.save(thing, metadata=BY_TEST)
    return thing

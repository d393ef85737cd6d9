"""An event that cannot be applied parks its stream in that projection, and nothing else waits."""

import psycopg
import pytest

from application.projections.status import ProjectionState
from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from infra.postgres.connections import connection_pool
from infra.projections.status import PostgresProjectionStatuses
from tests.infra.event_store.opening import rows, tampered, until_locked_out, until_so
from tests.infra.event_store.thing import BY_TEST, Thing
from tests.infra.projections.projecting import Projecting, caught_up, note, shown
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio

BAD = frozenset({"bad"})
PARKED = "SELECT projection, stream_id, position, version, topic FROM parked_streams ORDER BY 1, 2"


async def test_the_stream_waits_at_the_event_and_all_others_go_on(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1, "good", "bad", "behind it")
    await note(log, 2, "good")
    await projecting.start(thing_projection(at_a_loss_with=BAD))
    await caught_up(sql, "things")

    await note(log, 1, "still behind it")
    await note(log, 2, "good")
    await caught_up(sql, "things")

    assert await rows(sql, PARKED) == [("things", "thing-1", 3, 3, "ThingNoted")]
    assert await shown(sql) == [("thing-1", None, 1), ("thing-2", None, 2)]


async def test_it_is_parked_in_the_projection_that_is_at_a_loss_and_in_no_other(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1, "good", "bad", "behind it")
    await projecting.start(
        thing_projection("clever"), thing_projection("helpless", at_a_loss_with=BAD)
    )
    await caught_up(sql, "clever", "helpless")

    assert await rows(sql, PARKED) == [("helpless", "thing-1", 3, 3, "ThingNoted")]
    assert await shown(sql, "helpless") == [("thing-1", None, 1)]
    assert await shown(sql, "clever") == [("thing-1", None, 3)]


async def test_the_error_is_kept_with_the_way_to_it(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    await note(log, 1, "bad")
    await projecting.start(thing_projection(at_a_loss_with=BAD))
    await caught_up(sql, "things")

    [(error, trace)] = await rows(sql, "SELECT error, trace FROM parked_streams")
    assert str(error).startswith("HandlerError: what to do with bad")
    assert "thing_projection.py" in str(trace)
    assert "in noted" in str(trace)
    async with connection_pool(conninfo, 1) as pool:
        status = {
            s.name: s for s in await PostgresProjectionStatuses(pool, [thing_projection()]).all()
        }["things"]
    assert (status.state, status.parked_streams) == (ProjectionState.PARKED_STREAMS, 1)
    assert status.last_error is not None
    assert status.last_error.startswith("thing-1 parked at 2: HandlerError")


@pytest.mark.parametrize("owner", ["Ann Example", 'O\'Hara "the\n\tö"', "x"])
async def test_no_personal_value_is_kept_with_the_error_however_it_was_written(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection, owner: str
) -> None:
    await log.store.save(Thing.make(1, owner=owner), metadata=BY_TEST)
    await projecting.start(thing_projection(at_a_loss_with=frozenset({owner})))
    await caught_up(sql, "things")

    [(error, trace, last_error)] = await rows(
        sql,
        "SELECT error, trace, last_error FROM parked_streams JOIN checkpoints USING (projection)",
    )
    assert str(error).count("[REDACTED]") >= 3
    if owner != "x":  # which is in "Exception" too
        for word in (owner, owner.upper(), repr(owner)[1:-1], "Ann", "EXAMPLE", "Hara", "HARA"):
            for text in (error, trace, last_error):
                assert word not in str(text)


async def test_no_personal_value_of_another_event_is_kept_though_postgresql_shows_the_row(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    """The row that fails holds what earlier events brought."""
    await log.store.save(Thing.make(1, owner="Ann Example"), metadata=BY_TEST)
    await note(log, 1, "too many")
    await projecting.start(thing_projection())
    await caught_up(sql, "things")

    [(error, trace)] = await rows(sql, "SELECT error, trace FROM parked_streams")
    assert str(error) == (
        'CheckViolation: new row for relation "things" violates check constraint '
        '"things_notes_check"'
    )
    assert "_apply_together" in str(trace)
    assert "Ann" not in str(trace)


async def test_one_bad_event_of_a_large_batch_is_found_and_the_others_take_effect_once(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    for n in range(40):
        await note(log, n, "bad" if n in {0, 17, 18, 39} else "good")
    await projecting.start(
        thing_projection("helpless", at_a_loss_with=BAD), thing_projection("clever")
    )
    await caught_up(sql, "helpless", "clever")

    parked = {row[1] for row in await rows(sql, PARKED)}
    assert parked == {"thing-0", "thing-17", "thing-18", "thing-39"}
    assert {id_ for id_, _, notes in await shown(sql, "helpless") if notes == 1} == {
        f"thing-{n}" for n in range(40)
    } - parked
    assert {notes for _, _, notes in await shown(sql, "clever")} == {1}


async def test_what_the_database_will_never_take_is_parked_too(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    """psycopg calls it operational when a value is too long for an index."""
    too_long = "".join(map(chr, range(300, 3300)))
    await log.store.save(Thing.make(1, label=too_long), metadata=BY_TEST)
    await log.store.save(Thing.make(2, label="with a \x00"), metadata=BY_TEST)
    await note(log, 3, "good")
    await projecting.start(thing_projection())
    await caught_up(sql, "things")

    assert [row[1] for row in await rows(sql, PARKED)] == ["thing-1", "thing-2"]
    assert await shown(sql) == [("thing-3", None, 1)]


async def test_a_broken_connection_parks_nothing(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    process = await projecting.start(thing_projection())
    await note(log, 1, "one")
    await caught_up(sql, "things")
    async with sql.transaction():
        # The batch cannot get on while this holds its table, and then its connection is gone.
        await sql.execute("LOCK TABLE things_v1.things")
        await note(log, 1, "two")
        await until_locked_out(sql)
        await process.kill(sql)
    await caught_up(sql, "things")

    assert await rows(sql, PARKED) == []
    assert await shown(sql) == [("thing-1", None, 2)]


async def test_a_parked_stream_stays_parked_for_whoever_takes_over(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1, "good", "bad")
    first = await projecting.start(thing_projection(at_a_loss_with=BAD))
    await caught_up(sql, "things")
    await first.stop()

    await note(log, 1, "behind it")
    await projecting.start(thing_projection())
    await caught_up(sql, "things")

    assert await shown(sql) == [("thing-1", None, 1)]
    assert len(await rows(sql, PARKED)) == 1


async def test_an_event_that_cannot_be_read_parks_its_stream_where_it_is_wanted(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1, "good", "unreadable", "behind it")
    await note(log, 2, "good")
    await tampered(sql, "UPDATE events SET state = '{}' WHERE notification_id = 3")
    await projecting.start(thing_projection("these"), thing_projection("those"), batch_size=2)
    await caught_up(sql, "these", "those")

    await note(log, 2, "later")
    await caught_up(sql, "these", "those")

    assert await rows(sql, PARKED) == [
        ("these", "thing-1", 3, 3, "ThingNoted"),
        ("those", "thing-1", 3, 3, "ThingNoted"),
    ]
    for schema in ("these", "those"):
        assert await shown(sql, schema) == [("thing-1", None, 1), ("thing-2", None, 2)]
    for (error,) in await rows(sql, "SELECT error FROM parked_streams"):
        assert str(error).startswith("CorruptEventError: event 3 (ThingNoted in thing-1)")


async def test_an_event_that_cannot_be_read_is_passed_over_where_nobody_wants_it(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await note(log, 1, "good", "to be of another type", "good")
    await tampered(sql, "UPDATE events SET topic = 'ThingSmashed' WHERE notification_id = 3")
    everything = thing_projection("everything")
    everything.on_every_event(lambda _, __: None)
    await projecting.start(thing_projection("things"), everything)
    await caught_up(sql, "things", "everything")

    assert await rows(sql, PARKED) == [("everything", "thing-1", 3, 3, "ThingSmashed")]
    assert await shown(sql) == [("thing-1", None, 2)]


async def test_a_damaged_data_key_parks_the_streams_of_its_subject_alone(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1, owner="Ann"), metadata=BY_TEST)
    await log.store.save(Thing.make(2, owner="Bob"), metadata=BY_TEST)
    await sql.execute(r"UPDATE subject_keys SET wrapped_key = '\x00' WHERE subject = 'thing-1'")
    await projecting.start(thing_projection())
    await caught_up(sql, "things")

    assert await rows(sql, PARKED) == [("things", "thing-1", 1, 1, "ThingMade")]
    assert await shown(sql) == [("thing-2", "Bob", 0)]


async def test_without_the_master_key_everything_waits_and_nothing_is_parked(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("infra.projections.projector.RETRY_SECONDS", 0.0)
    await log.store.save(Thing.make(1, owner="Ann"), metadata=BY_TEST)
    things = thing_projection()
    keyless = await projecting.start(things, ring=Keyring(lambda: [bytes(32)]))
    sessions = set[object]()

    async def tried_again() -> bool:
        """Whenever it cannot go on, it begins anew with another connection."""
        activity = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
        sessions.update(await rows(sql, activity, f"annals {keyless.name} projector"))
        return len(sessions) > 3

    await until_so(tried_again)
    assert await rows(sql, PARKED) == []
    await keyless.stop()

    await projecting.start(things)
    await caught_up(sql, "things")

    assert await shown(sql) == [("thing-1", "Ann", 0)]

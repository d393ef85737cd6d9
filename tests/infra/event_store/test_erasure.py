"""Destroying a subject's data key is the erasure, and it is for good."""

import asyncio

import psycopg
import pytest

from application.errors import ConflictError, SubjectErasedError
from domain.aggregate import Aggregate
from infra.event_store.assembly import EventStoreParts
from tests.infra.event_store.opening import recorded, rows, until_locked_out, verified
from tests.infra.event_store.relay import Loss, relayed
from tests.infra.event_store.thing import BY_TEST, Thing, ThingForgotten, ThingGiven, ThingMade

pytestmark = pytest.mark.anyio

OWNER = "Ann Example"


async def test_after_an_erasure_every_earlier_event_reads_redacted(
    log: EventStoreParts, elsewhere: EventStoreParts
) -> None:
    thing = Thing.make(1, "a chair", owner=OWNER)
    thing.give("Bob")
    await log.store.save(thing, metadata=BY_TEST)
    await _forget(log)

    for store in (log.store, elsewhere.store):
        made, given, forgotten = await store.history("thing-1")
        assert isinstance(made.event, ThingMade)
        assert isinstance(given.event, ThingGiven)
        assert (made.event.owner, given.event.owner) == ("[REDACTED]", "[REDACTED]")
        assert made.event.label == "a chair"
        assert (made.redacted, given.redacted, forgotten.redacted) == (True, True, False)
        then = await store.load_as_of("thing-1", version=2)
        assert isinstance(then, Thing)
        assert then.state.owner == "[REDACTED]"


async def test_the_key_is_destroyed_and_fenced_in_the_transaction_of_the_event(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), metadata=BY_TEST)
    [(fingerprint,)] = await rows(sql, "SELECT fingerprint FROM subject_keys")
    await _forget(log)

    assert await rows(sql, "SELECT * FROM subject_keys") == []
    forgotten = (await log.store.history("thing-1"))[-1]
    assert await rows(
        sql, "SELECT subject, fingerprint, position, event_id::text, erased_at FROM erasures"
    ) == [
        ("thing-1", fingerprint, 2, forgotten.event_id, forgotten.recorded_at),
    ]
    # One transaction wrote the event and the tombstone.
    assert (
        len(
            await rows(
                sql,
                "SELECT xmin FROM erasures UNION SELECT xmin FROM events WHERE notification_id = 2",
            )
        )
        == 1
    )


async def test_a_redaction_destroys_the_keys_of_all_the_subjects_that_it_names(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = Thing.make(1, owner=OWNER)
    for n in range(3):
        thing.lend(f"person-{n}", f"Borrower {n}")
    await log.store.save(thing, metadata=BY_TEST)

    thing.forget("person-0", "person-2", "person-never-heard-of")
    await log.store.save(thing, metadata=BY_TEST)

    assert await rows(sql, "SELECT subject FROM subject_keys") == [("person-1",)]
    assert await rows(sql, "SELECT subject, position FROM erasures ORDER BY 1") == [
        ("person-0", 5),
        ("person-2", 5),
        ("person-never-heard-of", 5),
        ("thing-1", 5),
    ]
    then = await log.store.load_as_of("thing-1", version=4)
    assert isinstance(then, Thing)
    assert then.state.borrowers == ["[REDACTED]", "Borrower 1", "[REDACTED]"]


async def test_an_erased_subject_gets_no_personal_data_again(
    log: EventStoreParts, elsewhere: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), metadata=BY_TEST)
    await _forget(log)

    for store in (log.store, elsewhere.store):
        thing = await store.load(Thing, 1)
        thing.give("Somebody else")
        with pytest.raises(SubjectErasedError, match="thing-1"):
            await store.save(thing, metadata=BY_TEST)

    assert await rows(sql, "SELECT * FROM subject_keys") == []
    assert len(await recorded(log)) == 2


async def test_an_erased_subject_goes_on_without_personal_data(log: EventStoreParts) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), metadata=BY_TEST)
    await _forget(log)

    thing = await log.store.load(Thing, 1)
    thing.note("nothing personal")
    assert await log.store.save(thing, metadata=BY_TEST) == 3


async def test_a_subject_is_fenced_before_anything_was_recorded_of_it(
    log: EventStoreParts,
) -> None:
    await log.store.save(Thing.make(1), metadata=BY_TEST)
    thing = await log.store.load(Thing, 1)
    thing.forget("person-7")
    await log.store.save(thing, metadata=BY_TEST)

    other = Thing.make(2)
    other.lend("person-7", OWNER)
    with pytest.raises(SubjectErasedError, match="person-7"):
        await log.store.save(other, metadata=BY_TEST)


async def test_erasing_twice_is_erasing_once(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), metadata=BY_TEST)
    await _forget(log)
    await _forget(log)

    assert await rows(sql, "SELECT subject, position FROM erasures") == [("thing-1", 2)]


async def test_one_command_may_record_personal_data_and_erase_it_but_not_the_other_way_round(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = Thing.make(1, owner=OWNER)
    thing.forget()
    await log.store.save(thing, metadata=BY_TEST)
    assert await rows(sql, "SELECT * FROM subject_keys") == []
    assert (await log.store.history("thing-1"))[0].redacted

    other = Thing.make(2, owner=OWNER)
    other.forget()
    other.give("Bob")
    with pytest.raises(SubjectErasedError, match="thing-2"):
        await log.store.save(other, metadata=BY_TEST)
    assert len(await recorded(log)) == 2


async def test_personal_data_on_its_way_while_its_subject_is_erased_is_refused(
    log: EventStoreParts, elsewhere: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    """Two processes hold the key already; the erasure comes first to the lock."""
    borrower = "person-7"
    things = [Thing.make(n) for n in range(3)]
    for thing in things:
        thing.lend(borrower, OWNER)
    await log.store.save(things[0], metadata=BY_TEST)
    things[0].forget(borrower)

    await sql.execute("SELECT pg_advisory_lock(4127301)")
    erasing = asyncio.create_task(elsewhere.store.save(things[0], metadata=BY_TEST))
    await until_locked_out(sql, 1)
    writing = [asyncio.create_task(log.store.save(thing, metadata=BY_TEST)) for thing in things[1:]]
    await until_locked_out(sql, 2)
    await sql.execute("SELECT pg_advisory_unlock(4127301)")
    await erasing
    outcomes = await asyncio.gather(*writing, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [SubjectErasedError] * 2
    assert await rows(sql, "SELECT * FROM subject_keys WHERE subject = 'person-7'") == []


async def test_two_processes_that_meet_a_subject_at_once_agree_on_one_key(
    log: EventStoreParts, elsewhere: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    things: list[Aggregate] = []
    for n in range(2):
        thing = Thing.make(n)
        thing.lend("person-7", f"Borrower of {n}")
        things.append(thing)
    await sql.execute("SELECT pg_advisory_lock(4127301)")
    saving = [
        asyncio.create_task(parts.store.save(thing, metadata=BY_TEST))
        for parts, thing in zip((log, elsewhere), things, strict=True)
    ]
    await until_locked_out(sql, 2)
    await sql.execute("SELECT pg_advisory_unlock(4127301)")
    outcomes = await asyncio.gather(*saving, return_exceptions=True)

    # The loser's ciphertext is under a key that never came to be: it has to try again.
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError", "int"]
    loser = next(n for n, outcome in enumerate(outcomes) if isinstance(outcome, ConflictError))
    again = Thing.make(loser)
    again.lend("person-7", f"Borrower of {loser}")
    await log.store.save(again, metadata=BY_TEST)
    for n in range(2):
        assert (await log.store.load(Thing, n)).state.borrowers == [f"Borrower of {n}"]


async def test_the_chain_holds_after_an_erasure(log: EventStoreParts, conninfo: str) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), metadata=BY_TEST)
    await _forget(log)

    outcome = await verified(conninfo)

    assert (outcome.valid, outcome.events_verified) == (True, 2)


async def test_an_erasure_whose_answer_is_lost_is_done_once(
    conninfo: str, log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = Thing.make(1, owner=OWNER)
    await log.store.save(thing, metadata=BY_TEST)
    thing.forget()
    async with relayed(conninfo) as relay:
        relay.losses.append(Loss.AFTER_COMMIT)
        log.committer._connect = lambda: psycopg.AsyncConnection.connect(
            relay.conninfo, autocommit=True
        )
        await log.committer._disconnect()

        assert await log.store.save(thing, metadata=BY_TEST) == 2
        assert relay.lost == 1
        await log.committer._disconnect()

    assert await rows(sql, "SELECT subject, position FROM erasures") == [("thing-1", 2)]


async def _forget(log: EventStoreParts) -> None:
    thing = await log.store.load(Thing, 1)
    thing.forget()
    await log.store.save(thing, metadata=BY_TEST)
    assert isinstance((await log.store.history("thing-1"))[-1].event, ThingForgotten)

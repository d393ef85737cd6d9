"""Whatever is changed in the stored log, the hash chain finds, and names the position."""

import psycopg
import pytest

from application.verification import LogMark, Verification
from infra.event_store import verification
from infra.event_store.assembly import EventStoreParts
from infra.event_store.chain import GENESIS, link
from infra.event_store.record import EventRecord
from tests.infra.event_store.opening import rows, tampered, verified
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio

EVENTS = 12

COPY = """
INSERT INTO events
SELECT 'thing-forged', 1, topic, state, %s, gen_random_uuid(), schema_version, recorded_at,
       metadata, subject, protected, hash
FROM events
WHERE notification_id = 5
"""

RECORDS = """
SELECT notification_id, recorded_at, originator_id, originator_version, topic, schema_version,
       event_id, metadata::text, state, subject, protected
FROM events
ORDER BY notification_id
"""

SWAP = """
UPDATE events SET notification_id = -notification_id WHERE notification_id IN (5, 6);
UPDATE events SET notification_id = 11 + notification_id WHERE notification_id IN (-5, -6)
"""


@pytest.fixture(autouse=True)
async def full_log(log: EventStoreParts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve events, among them encrypted ones, verified five at a time."""
    monkeypatch.setattr(verification, "BATCH_SIZE", 5)
    for n in range(EVENTS // 2):
        thing = Thing.make(n, owner=f"owner {n}" if n % 2 else None)
        thing.note("one")
        await log.store.save(thing, metadata=BY_TEST)


async def test_an_untouched_log_is_valid(conninfo: str) -> None:
    assert await verified(conninfo) == Verification(valid=True, events_verified=12, head=12)


async def test_an_empty_log_is_valid(conninfo: str, sql: psycopg.AsyncConnection) -> None:
    await tampered(sql, "DELETE FROM events")
    await sql.execute("UPDATE log_head SET position = 0, hash = decode(repeat('00', 32), 'hex')")

    assert await verified(conninfo) == Verification(valid=True, events_verified=0, head=0)


@pytest.mark.parametrize("position", [1, 5, 6, 12])
async def test_an_altered_event_is_found_wherever_it_stands(
    conninfo: str, sql: psycopg.AsyncConnection, position: int
) -> None:
    await tampered(sql, f"UPDATE events SET topic = 'Other' WHERE notification_id = {position}")

    _broken_at(position, await verified(conninfo))


@pytest.mark.parametrize(
    "change",
    [
        "originator_id = 'thing-999'",
        "originator_version = originator_version + 7",
        "topic = 'ThingGiven'",
        r"state = state || '\x20'",
        "event_id = gen_random_uuid()",
        "schema_version = 9",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "recorded_at = 'infinity'",
        "recorded_at = '0044-03-15 BC'",
        """metadata = '{"actor": "somebody else", "correlation_id": "test"}'""",
        "metadata = (metadata::text || ' ')::json",
        "subject = 'thing-999'",
        r"protected = '\x00'",
        r"hash = '\x00'",
    ],
)
async def test_an_event_altered_in_any_column_is_found(
    conninfo: str, sql: psycopg.AsyncConnection, change: str
) -> None:
    await tampered(sql, f"UPDATE events SET {change} WHERE notification_id = 7")

    _broken_at(7, await verified(conninfo))


@pytest.mark.parametrize("position", [1, 6, 11])
async def test_an_event_removed_from_the_middle_is_found(
    conninfo: str, sql: psycopg.AsyncConnection, position: int
) -> None:
    await tampered(sql, f"DELETE FROM events WHERE notification_id = {position}")

    outcome = await verified(conninfo)

    _broken_at(position, outcome)
    assert outcome.problem == f"event {position} is missing"


@pytest.mark.parametrize("position", [1, 6, 12])
async def test_a_tail_cut_off_the_log_is_found(
    conninfo: str, sql: psycopg.AsyncConnection, position: int
) -> None:
    await tampered(sql, f"DELETE FROM events WHERE notification_id >= {position}")

    _broken_at(position, await verified(conninfo))


async def test_a_tail_cut_off_is_found_though_the_head_was_moved_too(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    await tampered(sql, "DELETE FROM events WHERE notification_id >= 10")
    await sql.execute("UPDATE log_head SET position = 9")

    _broken_at(9, await verified(conninfo))


@pytest.mark.parametrize("position", [13, 20])
async def test_an_event_put_behind_the_log_is_found(
    conninfo: str, sql: psycopg.AsyncConnection, position: int
) -> None:
    await tampered(sql, COPY, position)

    _broken_at(position, await verified(conninfo))


@pytest.mark.parametrize("position", [0, -1, -(2**63)])
async def test_an_event_put_before_the_log_is_found(
    conninfo: str, sql: psycopg.AsyncConnection, position: int
) -> None:
    """Its stream would be read with it."""
    await tampered(sql, COPY, position)

    _broken_at(position, await verified(conninfo))


async def test_an_event_put_in_between_by_moving_those_behind_it_is_found(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    await tampered(
        sql, "UPDATE events SET notification_id = -notification_id WHERE notification_id > 6"
    )
    await tampered(
        sql, "UPDATE events SET notification_id = 1 - notification_id WHERE notification_id < 0"
    )
    await tampered(sql, COPY, 7)
    await sql.execute("UPDATE log_head SET position = 13")

    _broken_at(7, await verified(conninfo))


async def test_two_events_in_each_others_place_are_found(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    for statement in SWAP.split(";"):
        await tampered(sql, statement)

    _broken_at(5, await verified(conninfo))


async def test_a_changed_head_is_found(conninfo: str, sql: psycopg.AsyncConnection) -> None:
    await sql.execute(r"UPDATE log_head SET hash = '\x00'")

    _broken_at(12, await verified(conninfo))


async def test_the_log_may_grow_while_it_is_verified(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    pool = log.reader._pool
    steps = []
    async for step in verification.PostgresChainVerifier(pool).progress():
        steps.append(step)
        await log.store.save(Thing.make(f"meanwhile-{len(steps)}"), metadata=BY_TEST)

    assert [step.events_verified for step in steps] == [5, 10, 12, 12]
    assert all(step.valid and step.head == 12 for step in steps)
    assert await rows(sql, "SELECT position FROM log_head") == [(16,)]


async def test_the_chain_holds_after_erasures_and_goes_on_from_there(
    log: EventStoreParts, conninfo: str
) -> None:
    thing = await log.store.load(Thing, 1)
    thing.forget()
    await log.store.save(thing, metadata=BY_TEST)

    outcome = await verified(conninfo)

    assert (outcome.valid, outcome.events_verified) == (True, 13)


@pytest.mark.parametrize("position", [0, 1, 5, 7, 12])
async def test_a_log_that_only_grew_is_the_one_that_was_sealed(
    log: EventStoreParts, conninfo: str, sql: psycopg.AsyncConnection, position: int
) -> None:
    sealed = await _mark(sql, position)
    await log.store.save(Thing.make("later"), metadata=BY_TEST)

    assert await verified(conninfo, sealed) == Verification(valid=True, events_verified=13, head=13)


async def test_the_head_is_what_a_seal_is_made_of(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    head = await verification.PostgresChainVerifier(log.reader._pool).head()

    assert head == await _mark(sql, 12)


@pytest.mark.parametrize("position", [7, 12])
async def test_a_log_rewritten_with_its_whole_chain_is_not_the_one_that_was_sealed(
    conninfo: str, sql: psycopg.AsyncConnection, position: int
) -> None:
    sealed = await _mark(sql, position)
    await _rewrite(sql, "UPDATE events SET topic = 'ThingGiven' WHERE notification_id = 3")
    assert (await verified(conninfo)).valid

    outcome = await verified(conninfo, sealed)

    assert (outcome.valid, outcome.first_bad_position) == (False, None)
    assert outcome.problem is not None
    assert f"at position {position} its hash is not the seal's" in outcome.problem


async def test_a_log_rewritten_behind_the_seal_is_still_the_one_that_was_sealed(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    sealed = await _mark(sql, 7)
    await _rewrite(sql, "UPDATE events SET topic = 'ThingGiven' WHERE notification_id = 8")

    assert (await verified(conninfo, sealed)).valid


async def test_a_log_shorter_than_its_seal_is_not_the_one_that_was_sealed(
    conninfo: str, sql: psycopg.AsyncConnection
) -> None:
    sealed = await _mark(sql, 12)
    await _rewrite(sql, "DELETE FROM events WHERE notification_id > 9")
    assert (await verified(conninfo)).valid

    outcome = await verified(conninfo, sealed)

    assert (outcome.valid, outcome.first_bad_position) == (False, None)
    assert outcome.problem is not None
    assert "the log ends at position 9, before the seal's 12" in outcome.problem


async def _mark(sql: psycopg.AsyncConnection, position: int) -> LogMark:
    found = await rows(sql, "SELECT hash FROM events WHERE notification_id = %s", position)
    return LogMark(position, bytes(found[0][0]) if found else GENESIS)  # type: ignore[call-overload]


async def _rewrite(sql: psycopg.AsyncConnection, statement: str) -> None:
    """Change the log and recompute its chain, as somebody who knows how it is made can."""
    await tampered(sql, statement)
    position, hash_, recorded_at = 0, GENESIS, None
    columns = await rows(sql, RECORDS)
    for position, recorded_at, *record in columns:  # type: ignore[assignment]
        stored = EventRecord(**dict(zip(EventRecord.__struct_fields__, record, strict=True)))  # type: ignore[arg-type]
        hash_ = link(hash_, position, recorded_at, stored)  # type: ignore[arg-type]
        await tampered(
            sql, "UPDATE events SET hash = %s WHERE notification_id = %s", hash_, position
        )
    await sql.execute("UPDATE log_head SET position = %s, hash = %s", (position, hash_))


def _broken_at(position: int, outcome: Verification) -> None:
    assert not outcome.valid
    assert outcome.problem is not None
    assert outcome.first_bad_position == position
    assert outcome.events_verified == max(0, min(position - 1, outcome.head))

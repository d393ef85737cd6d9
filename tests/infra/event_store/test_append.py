"""What a command records: all of its events or none, and nobody else's trouble."""

import asyncio

import psycopg
import pytest

from application.errors import AlreadyExistsError, ConflictError, NotFoundError
from domain.events import Metadata
from infra.event_store.assembly import EventStoreParts
from tests.infra.event_store.opening import recorded, rows, verified
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio


async def test_a_command_over_several_aggregates_records_all_their_events_in_order(
    log: EventStoreParts,
) -> None:
    one, other = Thing.make(1), Thing.make(2)
    one.note("first")

    position = await log.store.save(one, other, metadata=BY_TEST)

    assert position == 3
    assert await recorded(log) == [(1, "thing-1", 1), (2, "thing-1", 2), (3, "thing-2", 1)]


async def test_a_command_records_nothing_when_one_of_its_aggregates_has_moved(
    log: EventStoreParts,
) -> None:
    await log.store.save(Thing.make(1), Thing.make(2), metadata=BY_TEST)
    one, stale = await log.store.load(Thing, 1), await log.store.load(Thing, 2)
    mover = await log.store.load(Thing, 2)
    mover.note("faster")
    await log.store.save(mover, metadata=BY_TEST)

    one.note("with the other")
    stale.note("too late")
    with pytest.raises(ConflictError) as refused:
        await log.store.save(one, stale, metadata=BY_TEST)

    assert refused.value.stream_id == "thing-2"
    assert (await log.store.load(Thing, 1)).version == 1
    assert (await log.store.load(Thing, 2)).state.notes == ["faster"]


async def test_a_conflict_fails_its_own_command_and_none_of_its_neighbours(
    log: EventStoreParts,
) -> None:
    await log.store.save(*(Thing.make(n) for n in range(10)), metadata=BY_TEST)
    stale = await log.store.load(Thing, 5)
    mover = await log.store.load(Thing, 5)
    mover.note("faster")
    await log.store.save(mover, metadata=BY_TEST)
    commands = [stale if n == 5 else await log.store.load(Thing, n) for n in range(10)]
    for thing in commands:
        thing.note("at the same time")

    outcomes = await _together(log, commands)

    assert isinstance(outcomes.pop(5), ConflictError)
    assert sorted(o for o in outcomes if isinstance(o, int)) == list(range(12, 21))


async def test_two_commands_on_one_version_in_one_commit_leave_one_winner(
    log: EventStoreParts,
) -> None:
    await log.store.save(Thing.make(1), metadata=BY_TEST)
    rivals = [await log.store.load(Thing, 1) for _ in range(8)]
    for n, thing in enumerate(rivals):
        thing.note(f"rival {n}")

    outcomes = await _together(log, rivals)

    assert [o for o in outcomes if not isinstance(o, ConflictError)] == [2]
    assert len((await log.store.load(Thing, 1)).state.notes) == 1


async def test_a_stream_begins_once(log: EventStoreParts) -> None:
    outcomes = await _together(log, [Thing.make(1, f"by {n}") for n in range(4)])

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "AlreadyExistsError",
        "AlreadyExistsError",
        "AlreadyExistsError",
        "int",
    ]
    with pytest.raises(AlreadyExistsError):
        await log.store.save(Thing.make(1), metadata=BY_TEST)


async def test_a_command_is_refused_when_a_stream_that_it_rests_on_has_moved(
    log: EventStoreParts,
) -> None:
    await log.store.save(Thing.make("read"), Thing.make("written"), metadata=BY_TEST)
    read, written = await log.store.load(Thing, "read"), await log.store.load(Thing, "written")
    mover = await log.store.load(Thing, "read")
    mover.note("moved")
    await log.store.save(mover, metadata=BY_TEST)

    written.note("decided on what was read")
    with pytest.raises(ConflictError) as refused:
        await log.store.save(written, metadata=BY_TEST, unmoved={read.id: read.version})

    assert refused.value.stream_id == "thing-read"
    assert (await log.store.load(Thing, "written")).version == 1


async def test_a_guard_on_a_stream_that_does_not_exist_is_no_attempt_to_begin_it(
    log: EventStoreParts,
) -> None:
    await log.store.save(Thing.make("taken"), metadata=BY_TEST)

    with pytest.raises(ConflictError) as refused:
        await log.store.save(Thing.make(1), metadata=BY_TEST, unmoved={"thing-taken": 0})
    assert not isinstance(refused.value, AlreadyExistsError)

    await log.store.save(Thing.make(1), metadata=BY_TEST, unmoved={"thing-free": 0})
    with pytest.raises(NotFoundError):
        await log.store.load(Thing, "free")


async def test_saving_what_did_not_change_records_nothing(log: EventStoreParts) -> None:
    await log.store.save(Thing.make(1), metadata=BY_TEST)

    position = await log.store.save(await log.store.load(Thing, 1), metadata=BY_TEST)

    assert position == 1
    assert len(await recorded(log)) == 1


# psycopg refuses the first, Python cannot encode the second, the server's index has no room for
# the third: psycopg calls that an operational error, which says nothing of the connection.
@pytest.mark.parametrize(
    "key",
    ["nul-\x00", "half-\ud800", "".join(map(chr, range(300, 3300)))],
    ids=["nul", "half a character", "too long"],
)
async def test_a_command_that_cannot_be_stored_fails_alone(log: EventStoreParts, key: str) -> None:
    things = [Thing.make(n) for n in range(8)]
    things.insert(4, Thing.make(key))

    outcomes = await _together(log, things)

    poisoned = outcomes.pop(4)
    assert isinstance(poisoned, psycopg.DataError | UnicodeEncodeError | psycopg.OperationalError)
    assert outcomes == [1, 2, 3, 4, 5, 6, 7, 8]
    assert await log.store.save(Thing.make("after"), metadata=BY_TEST) == 9


async def test_a_caller_that_goes_away_does_not_take_its_command_back(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    async with sql.transaction():
        await sql.execute("SELECT pg_advisory_xact_lock(4127301)")  # the commit has to wait
        saving = asyncio.create_task(log.store.save(Thing.make(1), metadata=BY_TEST))
        refused = asyncio.create_task(log.store.save(Thing.make(1), metadata=BY_TEST))
        await asyncio.sleep(0.05)
        saving.cancel()
        refused.cancel()
        outcomes = await asyncio.gather(saving, refused, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
    await log.store.save(Thing.make(2), metadata=BY_TEST)
    assert await recorded(log) == [(1, "thing-1", 1), (2, "thing-2", 1)]


async def test_every_event_carries_on_whose_word_it_was_recorded(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    metadata = Metadata(
        actor="user-ann", correlation_id="all of it", causation_id="before it", request_id="r-1"
    )
    thing = Thing.make(1)
    thing.note("and more")
    await log.store.save(thing, metadata=metadata)

    assert [event.metadata for event in await log.store.history("thing-1")] == [metadata] * 2
    assert await rows(sql, "SELECT actor, metadata ->> 'request_id' FROM event_log") == [
        ("user-ann", "r-1"),
        ("user-ann", "r-1"),
    ]


async def test_recorded_time_never_goes_back(
    log: EventStoreParts, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    await log.store.save(Thing.make(1), metadata=BY_TEST)
    # The clock of another process was an hour ahead.
    await sql.execute("UPDATE log_head SET recorded_at = recorded_at + interval '1 hour'")
    ahead = (await rows(sql, "SELECT recorded_at FROM log_head"))[0][0]

    await log.store.save(Thing.make(2), metadata=BY_TEST)
    await log.store.save(Thing.make(3), metadata=BY_TEST)

    times = [event.recorded_at for page in [await log.reader.page(0, 9)] for event in page.events]
    assert times[0] < times[1] == times[2] == ahead
    assert (await verified(conninfo)).valid


async def test_an_aggregate_in_memory_is_as_new_as_the_log(
    log: EventStoreParts, elsewhere: EventStoreParts
) -> None:
    await log.store.save(Thing.make(1), metadata=BY_TEST)
    remembered = await log.store.peek(Thing, 1)
    assert await log.store.peek(Thing, 1) is remembered

    thing = await elsewhere.store.load(Thing, 1)
    thing.note("by another process")
    await elsewhere.store.save(thing, metadata=BY_TEST)

    assert (await log.store.peek(Thing, 1)).state.notes == ["by another process"]


@pytest.mark.parametrize("statement", ["UPDATE events SET topic = ''", "DELETE FROM events"])
async def test_no_event_is_ever_updated_or_deleted(
    log: EventStoreParts, sql: psycopg.AsyncConnection, statement: str
) -> None:
    await log.store.save(Thing.make(1), metadata=BY_TEST)

    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        await sql.execute(statement.encode())
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        await sql.execute("TRUNCATE events")

    assert len(await recorded(log)) == 1


async def _together(log: EventStoreParts, things: list[Thing]) -> list[int | BaseException]:
    """Save each in a command of its own, all in one group commit."""
    commands = [log.store.save(thing, metadata=BY_TEST) for thing in things]
    return await asyncio.gather(*commands, return_exceptions=True)

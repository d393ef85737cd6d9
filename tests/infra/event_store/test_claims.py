"""A claim is recorded with its command, and lets no second one through."""

import asyncio

import psycopg
import pytest

from application.errors import ClaimTakenError, ConflictError
from application.metadata import Claim, SentMetadata
from application.ports import ClaimedCommand
from infra.event_store.assembly import EventStoreParts
from infra.event_store.claims import FORGOTTEN_AT_ONCE, PostgresClaimRegister, forget_old_claims
from infra.event_store.keys import Keyring
from infra.postgres.connections import connection_pool
from tests.infra.event_store.opening import opened, recorded, rows, until_locked_out
from tests.infra.event_store.relay import Loss, relayed
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio

DAY_PASSES = "UPDATE claims SET expires_at = expires_at - interval '24 hours'"


def claiming(key: str, request: str = "a request") -> SentMetadata:
    claim = Claim(id=key.encode(), fingerprint=request.encode())
    return SentMetadata(actor="tester", correlation_id="test", claim=claim)


async def found(conninfo: str, key: str) -> ClaimedCommand | None:
    async with connection_pool(conninfo, 1) as pool:
        return await PostgresClaimRegister(pool).find(key.encode())


async def test_a_claim_tells_the_first_aggregates_version_and_the_position_of_the_last_event(
    log: EventStoreParts, conninfo: str
) -> None:
    one, other = Thing.make(1), Thing.make(2)
    one.note("more")

    position = await log.store.save(one, other, metadata=claiming("key", "sent"))

    assert position == 3
    assert await found(conninfo, "key") == ClaimedCommand(
        fingerprint=b"sent",
        stream_id="thing-1",
        version=2,
        position=3,
        recorded_at=(await log.store.history("thing-1"))[0].recorded_at,
    )
    assert await found(conninfo, "another key") is None


async def test_events_do_not_tell_the_conditions_they_were_recorded_under(
    log: EventStoreParts,
) -> None:
    await log.store.save(Thing.make(1), metadata=claiming("key"))

    assert [event.metadata for event in await log.store.history("thing-1")] == [BY_TEST]


async def test_a_command_whose_claim_is_taken_is_refused(
    log: EventStoreParts, elsewhere: EventStoreParts
) -> None:
    await log.store.save(Thing.make(1), metadata=claiming("key"))

    for parts in (log, elsewhere):
        with pytest.raises(ClaimTakenError):
            await parts.store.save(Thing.make(2), metadata=claiming("key", "another request"))

    assert await recorded(log) == [(1, "thing-1", 1)]


async def test_a_taken_claim_is_told_before_the_conflict_that_it_leads_to(
    log: EventStoreParts,
) -> None:
    await log.store.save(Thing.make(1), metadata=claiming("key"))

    with pytest.raises(ClaimTakenError):
        await log.store.save(Thing.make(1), metadata=claiming("key"))


async def test_of_two_commands_with_one_claim_in_one_commit_the_first_is_recorded(
    log: EventStoreParts,
) -> None:
    commands = [
        log.store.save(Thing.make(1), metadata=BY_TEST),
        log.store.save(Thing.make(2), metadata=claiming("key")),
        log.store.save(Thing.make(3), metadata=claiming("key")),
        log.store.save(Thing.make(4), metadata=claiming("another key")),
        log.store.save(Thing.make(5), metadata=BY_TEST),
    ]
    outcomes = await asyncio.gather(*commands, return_exceptions=True)

    assert isinstance(outcomes.pop(2), ClaimTakenError)
    assert outcomes == [1, 2, 3, 4]
    assert [stream for _, stream, _ in await recorded(log)] == [
        "thing-1",
        "thing-2",
        "thing-4",
        "thing-5",
    ]


async def test_a_refused_command_leaves_its_claim_to_the_next(
    log: EventStoreParts, conninfo: str
) -> None:
    await log.store.save(Thing.make(1), metadata=BY_TEST)

    with pytest.raises(ConflictError):
        await log.store.save(Thing.make(1), metadata=claiming("key"))
    assert await found(conninfo, "key") is None

    outcomes = await asyncio.gather(
        log.store.save(Thing.make(1), metadata=claiming("key")),
        log.store.save(Thing.make(2), metadata=claiming("key")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], ConflictError)
    assert outcomes[1] == 2


async def test_of_many_processes_at_once_one_records_the_command(
    log: EventStoreParts, elsewhere: EventStoreParts
) -> None:
    outcomes = await asyncio.gather(
        *(
            (log, elsewhere)[n % 2].store.save(Thing.make(n), metadata=claiming("key"))
            for n in range(40)
        ),
        return_exceptions=True,
    )

    assert [outcome for outcome in outcomes if not isinstance(outcome, ClaimTakenError)] == [1]
    assert len(await recorded(log)) == 1


async def test_a_command_that_changes_nothing_records_its_claim_all_the_same(
    log: EventStoreParts, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    await log.store.save(Thing.make(1), Thing.make(2), metadata=BY_TEST)
    head = await rows(sql, "SELECT position, hash, recorded_at FROM log_head")

    unchanged = await log.store.load(Thing, 1)
    assert await log.store.save(unchanged, metadata=claiming("key")) == 2

    claimed = await found(conninfo, "key")
    assert claimed is not None
    assert (claimed.stream_id, claimed.version, claimed.position) == ("thing-1", 1, 2)
    assert await rows(sql, "SELECT position, hash, recorded_at FROM log_head") == head
    unchanged.note("now it would")
    with pytest.raises(ClaimTakenError):
        await log.store.save(unchanged, metadata=claiming("key"))


async def test_a_claim_may_be_made_again_after_a_day(
    log: EventStoreParts, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    await log.store.save(Thing.make(1), metadata=claiming("key"))
    await sql.execute(DAY_PASSES)
    assert await found(conninfo, "key") is None

    await log.store.save(Thing.make(2), metadata=claiming("key", "another day"))

    assert await found(conninfo, "key") == ClaimedCommand(
        fingerprint=b"another day",
        stream_id="thing-2",
        version=1,
        position=2,
        recorded_at=(await log.store.history("thing-2"))[0].recorded_at,
    )
    with pytest.raises(ClaimTakenError):
        await log.store.save(Thing.make(3), metadata=claiming("key"))


@pytest.mark.parametrize("loss", Loss, ids=lambda loss: loss.name.lower())
async def test_a_command_whose_answer_is_lost_is_not_refused_for_its_own_claim(
    conninfo: str, ring: Keyring, loss: Loss
) -> None:
    async with relayed(conninfo) as relay, opened(relay.conninfo, ring) as parts:
        relay.losses.append(loss)

        position = await parts.store.save(Thing.make(1), metadata=claiming("key"))

        assert (position, relay.lost) == (1, 1)
        assert await recorded(parts) == [(1, "thing-1", 1)]
    claimed = await found(conninfo, "key")
    assert claimed is not None
    assert (claimed.stream_id, claimed.position) == ("thing-1", 1)


async def test_a_claim_without_events_whose_answer_is_lost_is_there_to_be_found(
    log: EventStoreParts, conninfo: str, ring: Keyring
) -> None:
    await log.store.save(Thing.make(1), metadata=BY_TEST)
    unchanged = await log.store.load(Thing, 1)
    async with relayed(conninfo) as relay, opened(relay.conninfo, ring) as parts:
        relay.losses.append(Loss.AFTER_COMMIT)

        with pytest.raises(ClaimTakenError):
            await parts.store.save(unchanged, metadata=claiming("key"))
        assert await parts.store.save(Thing.make(2), metadata=BY_TEST) == 2

    claimed = await found(conninfo, "key")
    assert claimed is not None
    assert (claimed.stream_id, claimed.version) == ("thing-1", 1)


async def test_a_command_that_cannot_be_stored_keeps_no_neighbour_from_its_claim(
    log: EventStoreParts, conninfo: str
) -> None:
    commands = [
        log.store.save(Thing.make(1), metadata=claiming("first")),
        log.store.save(Thing.make("nul-\x00"), metadata=claiming("poisoned")),
        log.store.save(Thing.make(2), metadata=claiming("last")),
    ]
    outcomes = await asyncio.gather(*commands, return_exceptions=True)

    assert isinstance(outcomes.pop(1), psycopg.DataError)
    assert outcomes == [1, 2]
    assert await found(conninfo, "poisoned") is None
    for key, stream_id in (("first", "thing-1"), ("last", "thing-2")):
        claimed = await found(conninfo, key)
        assert claimed is not None
        assert claimed.stream_id == stream_id


async def test_commands_without_claims_do_not_look_for_any(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await sql.execute("DROP TABLE claims")

    assert await log.store.save(Thing.make(1), metadata=BY_TEST) == 1


async def test_old_claims_are_forgotten_and_young_ones_kept(
    log: EventStoreParts, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    old = FORGOTTEN_AT_ONCE + 7
    await sql.execute(
        """
        INSERT INTO claims (id, fingerprint, stream_id, version, position, recorded_at)
        SELECT convert_to(n::text, 'UTF8'), '', 'thing-1', 1, 1, now()
        FROM generate_series(1, %s) AS n
        """,
        (old,),
    )
    await sql.execute(DAY_PASSES)
    await log.store.save(Thing.make(1), metadata=claiming("young"))

    async with connection_pool(conninfo, 1) as pool:
        assert await forget_old_claims(pool) == old
        assert await forget_old_claims(pool) == 0

    assert await rows(sql, "SELECT id FROM claims") == [(b"young",)]


async def test_a_claim_that_is_made_again_while_old_ones_are_forgotten_stays(
    log: EventStoreParts, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    for key in ("again", "gone"):
        await log.store.save(Thing.make(key), metadata=claiming(key))
    await sql.execute(DAY_PASSES)

    async with connection_pool(conninfo, 1) as pool, sql.transaction():
        await sql.execute("SELECT FROM claims WHERE id = 'again' FOR UPDATE")
        again = asyncio.create_task(log.store.save(Thing.make(1), metadata=claiming("again")))
        await until_locked_out(sql)
        assert await forget_old_claims(pool) == 1
    await again

    assert await found(conninfo, "again") is not None
    assert await rows(sql, "SELECT id FROM claims") == [(b"again",)]

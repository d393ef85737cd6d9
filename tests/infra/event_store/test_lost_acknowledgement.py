"""A broken connection neither doubles a command nor refuses it falsely."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from functools import partial

import psycopg
import pytest

from application.errors import ConflictError
from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from tests.infra.event_store.opening import opened, recorded, until, verified
from tests.infra.event_store.relay import Loss, Relay, relayed
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio

KILL = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE application_name = 'annals committer' AND datname = current_database()
"""


@pytest.fixture
async def relay(conninfo: str) -> AsyncIterator[Relay]:
    async with relayed(conninfo) as running:
        yield running


@pytest.fixture
async def behind_relay(relay: Relay, ring: Keyring) -> AsyncIterator[EventStoreParts]:
    async with opened(relay.conninfo, ring) as parts:
        yield parts


@pytest.mark.parametrize(
    "losses",
    [
        [Loss.AFTER_COMMIT],
        [Loss.BEFORE_COMMIT],
        [Loss.BEFORE_COMMIT, Loss.AFTER_COMMIT],
        [Loss.AFTER_COMMIT, Loss.BEFORE_COMMIT],
    ],
    ids=lambda losses: ", then ".join(loss.name.lower() for loss in losses),
)
async def test_a_command_whose_answer_is_lost_is_recorded_once_and_acknowledged(
    relay: Relay, behind_relay: EventStoreParts, losses: list[Loss]
) -> None:
    relay.losses.extend(losses)

    commands = [behind_relay.store.save(Thing.make(n), metadata=BY_TEST) for n in range(5)]
    positions = await asyncio.gather(*commands)

    assert positions == [1, 2, 3, 4, 5]
    assert [position for position, *_ in await recorded(behind_relay)] == [1, 2, 3, 4, 5]
    assert relay.lost == len(losses)


async def test_a_command_in_conflict_is_refused_though_its_commit_was_repeated(
    relay: Relay, behind_relay: EventStoreParts
) -> None:
    await behind_relay.store.save(Thing.make(1), metadata=BY_TEST)
    stale = await behind_relay.store.load(Thing, 1)
    mover = await behind_relay.store.load(Thing, 1)
    mover.note("faster")
    await behind_relay.store.save(mover, metadata=BY_TEST)
    stale.note("too late")
    relay.losses.append(Loss.AFTER_COMMIT)

    outcomes = await asyncio.gather(
        behind_relay.store.save(stale, metadata=BY_TEST),
        behind_relay.store.save(Thing.make(2), metadata=BY_TEST),
        return_exceptions=True,
    )

    assert relay.lost == 1
    assert isinstance(outcomes[0], ConflictError)
    assert outcomes[1] == 3


async def test_what_a_lost_commit_recorded_is_acknowledged_however_the_retry_fails(
    relay: Relay, behind_relay: EventStoreParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = behind_relay.committer._connect
    failures: list[Exception] = [OSError("too many open files")]

    async def fail_at_the_second_time() -> psycopg.AsyncConnection:
        if relay.lost and failures:
            raise failures.pop()
        return await connect()

    monkeypatch.setattr(behind_relay.committer, "_connect", fail_at_the_second_time)
    relay.losses.append(Loss.AFTER_COMMIT)

    commands = [behind_relay.store.save(Thing.make(n), metadata=BY_TEST) for n in range(3)]

    assert await asyncio.gather(*commands) == [1, 2, 3]
    assert not failures


async def test_connections_killed_at_random_double_nothing_and_refuse_nothing(
    log: EventStoreParts, elsewhere: EventStoreParts, sql: psycopg.AsyncConnection, conninfo: str
) -> None:
    randomness = random.Random(20)  # noqa: S311
    acknowledged: dict[str, list[str]] = {}

    async def work(writer: int) -> None:
        store = (log, elsewhere)[writer % 2].store
        notes = acknowledged[f"thing-{writer}"] = []
        await store.save(Thing.make(writer), metadata=BY_TEST)
        while True:
            # Loaded past the store's pool, which is not what is tested here.
            thing = await store.load(Thing, writer)
            thing.note(f"{writer}.{len(notes)}")
            await store.save(thing, metadata=BY_TEST)
            notes.append(f"{writer}.{len(notes)}")

    def acknowledged_by(store: int) -> int:
        return sum(len(notes) for name, notes in acknowledged.items() if int(name[6:]) % 2 == store)

    def is_past(before: tuple[int, int]) -> bool:
        went_on = acknowledged_by(0) > before[0] and acknowledged_by(1) > before[1]
        return went_on or any(task.done() for task in workers)

    killed = 0
    workers = [asyncio.create_task(work(writer)) for writer in range(6)]
    while killed < 30:
        await asyncio.sleep(randomness.uniform(0.001, 0.06))
        before = acknowledged_by(0), acknowledged_by(1)
        killed += len(await (await sql.execute(KILL)).fetchall())
        # However slow the machine: a store that never gets through would give up, as it should.
        await until(partial(is_past, before))
    assert not [task for task in workers if task.done()], "no command was refused"
    for task in workers:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*workers)

    await log.store.save(Thing.make("last"), metadata=BY_TEST)
    await elsewhere.store.save(Thing.make("very last"), metadata=BY_TEST)
    for stream_id, notes in acknowledged.items():
        thing = await log.store.load(Thing, stream_id.removeprefix("thing-"))
        # The last command may have been recorded and its caller gone before it heard of it.
        assert thing.state.notes[: len(notes)] == notes
        assert len(thing.state.notes) <= len(notes) + 1
        assert len(notes) > 0
    positions = [position for position, *_ in await recorded(log)]
    assert positions == list(range(1, len(positions) + 1))
    assert (await verified(conninfo)).valid


async def test_when_the_database_stays_away_the_command_is_told_that_nothing_is_known(
    conninfo: str, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.event_store.committer.RECONNECT_SECONDS", (0.0, 0.01))
    async with relayed(conninfo) as relay, opened(relay.conninfo, ring) as parts:
        relay.losses.extend([Loss.BEFORE_COMMIT] * 2)

        with pytest.raises(psycopg.OperationalError):
            await parts.store.save(Thing.make(1), metadata=BY_TEST)

        assert await parts.store.save(Thing.make(2), metadata=BY_TEST) == 1

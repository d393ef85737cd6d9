"""How an event store closes: what was handed over is recorded, and nobody waits for ever."""

import asyncio

import psycopg
import pytest

from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from tests.infra.event_store.opening import PATIENCE, opened, recorded, until, until_locked_out
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio

HOLD = "SELECT pg_advisory_lock(4127301)"
LET_GO = "SELECT pg_advisory_unlock(4127301)"


async def test_commands_in_flight_are_recorded_before_the_store_closes(
    conninfo: str, ring: Keyring, log: EventStoreParts
) -> None:
    async with opened(conninfo, ring) as closing:
        commands = [
            asyncio.create_task(closing.store.save(Thing.make(n), metadata=BY_TEST))
            for n in range(50)
        ]
        await _until_handed_over(closing, 50)

    assert sorted(await asyncio.gather(*commands)) == list(range(1, 51))
    assert len(await recorded(log)) == 50


async def test_a_command_that_comes_too_late_is_refused(
    conninfo: str, ring: Keyring, log: EventStoreParts
) -> None:
    async with opened(conninfo, ring) as closed:
        pass

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(psycopg.OperationalError, match="closed"):
            await closed.store.save(Thing.make(1), metadata=BY_TEST)
    assert await recorded(log) == []


async def test_a_command_that_comes_while_others_are_still_recorded_is_refused(
    conninfo: str, ring: Keyring, log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    async with asyncio.timeout(PATIENCE):
        await sql.execute(HOLD)
        async with opened(conninfo, ring) as closing:
            early = asyncio.create_task(closing.store.save(Thing.make(1), metadata=BY_TEST))
            await _until_handed_over(closing, 1)
            late = asyncio.create_task(_save_when_closing(closing, sql))
        assert await early == 1
        with pytest.raises(psycopg.OperationalError, match="closed"):
            await late
    assert len(await recorded(log)) == 1


async def test_when_the_committer_is_stopped_by_force_those_who_wait_are_told(
    conninfo: str, ring: Keyring, elsewhere: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    async with asyncio.timeout(PATIENCE):
        await sql.execute(HOLD)
        others = asyncio.all_tasks()
        async with opened(conninfo, ring) as parts:
            committer = next(
                task for task in asyncio.all_tasks() - others if task.get_name() == "committer"
            )
            waiting = asyncio.create_task(parts.store.save(Thing.make(1), metadata=BY_TEST))
            # A statement that the server has not begun yet cannot be cancelled there.
            await until_locked_out(sql)
            committer.cancel()

            with pytest.raises(psycopg.OperationalError, match="stopped"):
                await waiting
            with pytest.raises(psycopg.OperationalError, match="closed"):
                await parts.store.save(Thing.make(2), metadata=BY_TEST)

            await sql.execute(LET_GO)
            assert await elsewhere.store.save(Thing.make(3), metadata=BY_TEST) == 1


async def _until_handed_over(parts: EventStoreParts, commands: int) -> None:
    await until(lambda: len(parts.committer._unanswered) == commands)


async def _save_when_closing(parts: EventStoreParts, sql: psycopg.AsyncConnection) -> int:
    await until(lambda: parts.committer._closing)
    try:
        return await parts.store.save(Thing.make(2), metadata=BY_TEST)
    finally:
        await sql.execute(LET_GO)

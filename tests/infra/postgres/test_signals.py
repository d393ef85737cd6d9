"""Signals wake who waits, across processes, and come back after whatever befalls the connection."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from infra.postgres import signals as module
from infra.postgres.connections import connector
from infra.postgres.signals import LOG_CHANNEL, PROJECTED_CHANNEL, Signals
from tests.infra.event_store.opening import PATIENCE, rows, until, until_so

pytestmark = pytest.mark.anyio

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query LIKE %s AND datname = current_database()"


@pytest.fixture
async def sql(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def signals(
    database: str, sql: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Signals]:
    """Signals that listen."""
    monkeypatch.setattr(module, "RECONNECT_SECONDS", 0.01)
    listening = Signals(connector(database, "signals"))
    async with listening.running():
        await _listens(sql)
        yield listening


async def test_what_another_process_did_is_heard(
    signals: Signals, sql: psycopg.AsyncConnection
) -> None:
    await sql.execute("SELECT pg_notify(%s, '7')", (LOG_CHANNEL,))
    await sql.execute("SELECT pg_notify(%s, 'some:thing:5')", (PROJECTED_CHANNEL,))

    await until(lambda: signals.position("some:thing") == 5)
    assert signals.position(LOG_CHANNEL) == 7
    assert signals.position("nobody") == 0


async def test_a_position_never_goes_back(signals: Signals) -> None:
    signals.advance("things", 5)
    signals.advance("things", 3)

    assert signals.position("things") == 5


async def test_all_who_wait_are_woken_once_it_is_their_turn(signals: Signals) -> None:
    async with asyncio.timeout(PATIENCE):
        waiting = [
            asyncio.create_task(signals.wait_beyond("things", position, 1e6))
            for position in (0, 0, 3)
        ]
        await asyncio.sleep(0)
        signals.advance("things", 3)
        await asyncio.gather(*waiting[:2])
        assert not waiting[2].done()

        signals.advance("things", 4)
        await waiting[2]


async def test_who_waits_looks_again_when_no_signal_comes(signals: Signals) -> None:
    async with asyncio.timeout(PATIENCE):
        await signals.wait_beyond("things", 0, 0.01)

    assert signals.position("things") == 0


@pytest.mark.parametrize("payload", ["", "no number", "1e3"])
async def test_a_signal_that_is_none_does_not_end_the_listening(
    signals: Signals, sql: psycopg.AsyncConnection, payload: str
) -> None:
    """Whoever may connect may notify."""
    [before] = await rows(sql, LISTENERS, "LISTEN %")
    await sql.execute("SELECT pg_notify(%s, %s)", (LOG_CHANNEL, payload))
    await _listens(sql, instead_of=before)

    await sql.execute("SELECT pg_notify(%s, '7')", (LOG_CHANNEL,))
    await until(lambda: signals.position(LOG_CHANNEL) == 7)


async def test_after_a_broken_connection_it_listens_again_and_has_forgotten_what_it_heard(
    signals: Signals, sql: psycopg.AsyncConnection
) -> None:
    signals.advance("things", 5)
    [before] = await rows(sql, LISTENERS, "LISTEN %")
    await sql.execute("SELECT pg_terminate_backend(%s)", before)
    await _listens(sql, instead_of=before)
    assert signals.position("things") == 0

    await sql.execute("SELECT pg_notify(%s, 'things:6')", (PROJECTED_CHANNEL,))
    await until(lambda: signals.position("things") == 6)


async def _listens(
    sql: psycopg.AsyncConnection, instead_of: tuple[object, ...] | None = None
) -> None:
    async def listens() -> bool:
        found = await rows(sql, LISTENERS, f'LISTEN "{PROJECTED_CHANNEL}"')
        return len(found) == 1 and found[0] != instead_of

    await until_so(listens)

"""A task's connection is never in the way of others for long, whatever becomes of its process."""

import asyncio

import psycopg
import pytest

from infra.postgres import connections
from infra.postgres.connections import connector

pytestmark = pytest.mark.anyio

LOCK = "SELECT pg_advisory_xact_lock(1)"


async def test_who_stops_in_the_middle_of_a_transaction_loses_it_and_its_locks(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connections.STOPPED.endswith("=30s")
    monkeypatch.setattr(connections, "STOPPED", connections.STOPPED.replace("30s", "50ms"))
    async with asyncio.timeout(20), await connector(database, "stopped")() as stopped:
        await stopped.execute("BEGIN")
        await stopped.execute(LOCK)
        async with await connector(database, "other")() as other:
            await other.execute(LOCK)  # which it gets

        with pytest.raises(psycopg.Error):
            await stopped.execute("COMMIT")


async def test_times_are_read_in_utc(database: str) -> None:
    async with await connector(database, "test")() as connection:
        cursor = await connection.execute("SELECT current_setting('timezone')")
        assert await cursor.fetchone() == ("UTC",)


async def test_a_statement_is_prepared_only_where_that_is_said(database: str) -> None:
    """However often it is executed: PostgreSQL would then plan it for any parameters at all."""
    prepared = "SELECT statement FROM pg_prepared_statements"
    async with await connector(database, "test")() as connection:
        for _ in range(20):
            await connection.execute("SELECT 1 LIMIT %s", (1,))
        assert await (await connection.execute(prepared)).fetchall() == []

        await connection.execute("SELECT 2 LIMIT %s", (1,), prepare=True)
        assert await (await connection.execute(prepared)).fetchall() == [("SELECT 2 LIMIT $1",)]

"""Opens event stores, and reads them the short way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg

from application.verification import LogMark, Verification
from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from infra.event_store.verification import PostgresChainVerifier
from infra.postgres.connections import connection_pool

# Nothing takes that long; a test that would wait for ever says so instead.
PATIENCE = 20


async def until_so(question: Callable[[], Awaitable[object]]) -> None:
    """Wait until a question is answered with yes."""
    async with asyncio.timeout(PATIENCE):
        while not await question():  # noqa: ASYNC110 - nobody signals what is waited for
            await asyncio.sleep(0.005)


async def until_locked_out(sql: psycopg.AsyncConnection, sessions: int = 1) -> None:
    """Wait until so many sessions of this database wait for a lock."""
    waiting = """
    SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE NOT granted AND datname = current_database()
    """

    async def enough() -> bool:
        await sql.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees it as it began
        return len(await rows(sql, waiting)) >= sessions

    await until_so(enough)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has come about."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - nobody signals what is waited for
            await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def opened(conninfo: str, ring: Keyring) -> AsyncIterator[EventStoreParts]:
    """Open an event store with tasks and connections of its own, as another process would."""
    async with connection_pool(conninfo, 4) as pool:
        parts = EventStoreParts(conninfo, pool, ring, on_commit=lambda _: None)
        async with parts.running():
            yield parts


async def recorded(log: EventStoreParts, after: int = 0) -> list[tuple[int, str, int]]:
    """Tell what is in the log: position, stream and version of every event in order."""
    return [
        (event.position, event.stream_id, event.version)
        async for page in log.reader.after(after)
        for event in page.events
    ]


async def verified(conninfo: str, sealed: LogMark | None = None) -> Verification:
    """Verify the chain and give the outcome."""
    async with connection_pool(conninfo, 1) as pool:
        return [outcome async for outcome in PostgresChainVerifier(pool).progress(sealed)][-1]


async def rows(
    sql: psycopg.AsyncConnection, query: str, *values: object
) -> list[tuple[object, ...]]:
    """Ask the database."""
    return await (await sql.execute(query.encode(), values)).fetchall()


async def tampered(sql: psycopg.AsyncConnection, statement: str, *values: object) -> None:
    """Change what no trigger lets be changed, as somebody with all rights on the server can."""
    async with sql.transaction():
        await sql.execute("SET LOCAL session_replication_role = replica")
        await sql.execute(statement.encode(), values)

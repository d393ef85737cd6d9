"""Brings the embedded PostgreSQL back when it dies under a running process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psycopg
import structlog

from infra.cancellation import cancelled_for_good
from infra.postgres.connections import connector
from infra.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0


@contextlib.asynccontextmanager
async def revived(server: EmbeddedPostgres) -> AsyncIterator[None]:
    """Open the server again whenever it dies, until the block ends."""
    task = asyncio.create_task(_watch(server), name="postgres-watch")
    try:
        yield
    finally:
        await cancelled_for_good(task)


async def _watch(server: EmbeddedPostgres) -> None:
    connect = connector(server.url, "watch")
    while True:
        try:
            async with await connect() as connection:
                async for _ in connection.notifies():  # there are none: this ends with the server
                    pass
        except psycopg.OperationalError:
            await _open(server)


async def _open(server: EmbeddedPostgres) -> None:
    """Open the server; once begun, that is waited for even by who is cancelled."""
    opening = asyncio.create_task(asyncio.to_thread(server.open))
    try:
        await asyncio.shield(opening)
    except EmbeddedPostgresError as error:
        log.warning("postgres_not_opened", error=str(error))
        await asyncio.sleep(RETRY_SECONDS)
    else:
        log.warning("postgres_opened_again")
    finally:
        await asyncio.wait({opening})

"""One after another, in whatever process: who moves a content in Plone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
from psycopg import AsyncConnection

from application.errors import ConflictError

TURN_CLASS = 4127311
TURN = "SELECT pg_advisory_lock(%s, hashtext(%s))"
PATIENCE = "SET lock_timeout = '15s'"

# Each turn has a connection of its own, which ends with it.
MOST_AT_ONCE = 10


class PostgresTurns:
    """Locks of database sessions, which end with whoever has them."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection]]) -> None:
        self._connect = connect
        self._at_once = asyncio.Semaphore(MOST_AT_ONCE)

    @contextlib.asynccontextmanager
    async def __call__(self, content_uid: str) -> AsyncIterator[None]:
        """Have the turn with a content until the block ends.

        Raises ConflictError if it does not come in time.
        """
        async with self._at_once, await self._connect() as connection:
            await connection.execute(PATIENCE)
            try:
                await connection.execute(TURN, (TURN_CLASS, content_uid))
            except psycopg.errors.LockNotAvailable:
                raise ConflictError(f"content-{content_uid}") from None
            yield

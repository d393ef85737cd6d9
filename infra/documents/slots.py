"""Slots and jobs are held by locks of a database session, which end with whoever has them."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from psycopg import AsyncConnection

SLOT_CLASS = 4127312
JOB_CLASS = 4127313

TAKE_SLOT = "SELECT pg_try_advisory_lock(%s, %s)"
HOLD_JOB = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
LET_GO_OF_JOB = "SELECT pg_advisory_unlock(%s, hashtext(%s))"


class PostgresSlots:
    """Implements the application's Slots port; each slot that is taken has its connection."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection]]) -> None:
        self._connect = connect

    @contextlib.asynccontextmanager
    async def taking(self, most: int) -> AsyncIterator["PostgresSlot | None"]:
        """Take one of so many slots, if one is free, until the block ends."""
        async with await self._connect() as connection:
            yield PostgresSlot(connection) if await _is_taken(connection, most) else None


class PostgresSlot:
    """Implements the application's Slot port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @contextlib.asynccontextmanager
    async def holding(self, job_id: str) -> AsyncIterator[bool]:
        """Hold a job, if nobody else does, until the block ends."""
        is_held = await _is_true(self._connection, HOLD_JOB, (JOB_CLASS, job_id))
        try:
            yield is_held
        finally:
            if is_held:
                await self._connection.execute(LET_GO_OF_JOB, (JOB_CLASS, job_id))


async def _is_taken(connection: AsyncConnection, most: int) -> bool:
    for number in range(most):
        if await _is_true(connection, TAKE_SLOT, (SLOT_CLASS, number)):
            return True
    return False


async def _is_true(
    connection: AsyncConnection, statement: str, parameters: tuple[int, int | str]
) -> bool:
    row = await (await connection.execute(statement.encode(), parameters)).fetchone()
    return row is not None and bool(row[0])

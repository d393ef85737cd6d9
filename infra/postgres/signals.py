"""What other processes did, heard over LISTEN: the log grew, or a projection moved on.

A signal is only a wake-up. Whoever waits for one also looks by itself now and then, so that a lost
signal costs a moment and nothing else. What was heard holds as long as the connection it was heard
on: a server that dies may have told of what did not last.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import structlog
from psycopg import sql

from infra.cancellation import cancelled_for_good

log = structlog.get_logger(__name__)

LOG_CHANNEL = "annals_log"
PROJECTED_CHANNEL = "annals_projected"

RECONNECT_SECONDS = 1.0


class Signals:
    """The newest known position of the log (under ``LOG_CHANNEL``) and of each projection.

    ``on_connected`` is called with each new connection to the server, ``on_lost`` when one is gone.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[psycopg.AsyncConnection]],
        on_connected: Callable[[psycopg.AsyncConnection], Awaitable[None]] | None = None,
        on_lost: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._connect = connect
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._positions: dict[str, int] = {}
        self._changed: dict[str, asyncio.Event] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the task that listens."""
        task = asyncio.create_task(self._run(), name="signals")
        try:
            yield
        finally:
            await cancelled_for_good(task)

    def advance(self, name: str, position: int) -> None:
        """Note that the log or a projection has come to a position; wakes who waits for it."""
        if position > self._positions.get(name, 0):
            self._positions[name] = position
            self._changed.pop(name, asyncio.Event()).set()

    def forget(self, name: str) -> None:
        """Forget what was heard of a projection that turned out not to have come so far."""
        self._positions.pop(name, None)

    def position(self, name: str) -> int:
        """Give the newest position heard of."""
        return self._positions.get(name, 0)

    async def wait_beyond(self, name: str, position: int, patience: float) -> None:
        """Return once the name has moved beyond the position, or after ``patience`` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._positions.get(name, 0) <= position:
                    await self._changed.setdefault(name, asyncio.Event()).wait()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it is, it listens again
                log.warning("listening_interrupted", error=type(error).__name__)
                self._positions.clear()
                if self._on_lost is not None:
                    await self._on_lost()
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        async with await self._connect() as connection:
            await connection.set_autocommit(True)
            for channel in (LOG_CHANNEL, PROJECTED_CHANNEL):
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            if self._on_connected is not None:
                await self._on_connected(connection)
            async for notify in connection.notifies():
                if notify.channel == LOG_CHANNEL:
                    self.advance(LOG_CHANNEL, int(notify.payload))
                else:
                    name, _, position = notify.payload.rpartition(":")
                    self.advance(name, int(position))

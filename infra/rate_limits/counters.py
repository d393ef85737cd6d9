"""Where limits are counted: in Redis for all processes, or in one process."""

import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import NamedTuple

from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from redis.asyncio import BlockingConnectionPool

# However many requests come at once, they take turns at a few connections.
REDIS_CONNECTIONS = 16
WAIT_SECONDS = 2.0
REDIS_SECONDS = 1.0

SWEEP_SECONDS = 60.0


@contextlib.asynccontextmanager
async def open_counters(redis_url: str | None) -> AsyncIterator[Storage]:
    """Give where limits are counted: in Redis for all processes, or in this process alone."""
    if redis_url is None:
        yield ProcessCounters()
        return
    connections = BlockingConnectionPool.from_url(
        redis_url,
        max_connections=REDIS_CONNECTIONS,
        timeout=WAIT_SECONDS,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )
    try:
        yield RedisStorage(
            "async+redis://",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="annals",
            connection_pool=connections,  # type: ignore[arg-type]
        )
    finally:
        await connections.disconnect()


class Counted(NamedTuple):
    """The monotonic seconds of what is counted in a window, oldest first."""

    seconds: int
    entries: deque[float]

    def at(self, now: float) -> deque[float]:
        """Give the entries that are still in the window."""
        while self.entries and self.entries[0] <= now - self.seconds:
            self.entries.popleft()
        return self.entries


class ProcessCounters(MemoryStorage):
    """The library's storage in memory, with moving windows that cost the same however full.

    After every entry the library's own looks for old ones in a thread, which costs 90 us of two
    cores and may drop an entry that still counts. Here nothing gives way to another task, so that
    what a task does to several windows in a row, it does at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, Counted] = {}
        self._swept_at = time.monotonic()

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count ``amount`` entries unless the window would then have more than its limit."""
        now = time.monotonic()
        self._sweep(now)
        entries = self._windows.setdefault(key, Counted(expiry, deque())).at(now)
        if len(entries) + amount > limit:
            return False
        entries.extend([now] * amount)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002 - the library's signature
        """Give when the oldest entry was counted, in Unix seconds, and how many there are."""
        now = time.monotonic()
        counted = self._windows.get(key)
        entries = counted.at(now) if counted is not None else ()
        began = entries[0] if entries else now
        return time.time() - (now - began), len(entries)

    async def clear(self, key: str) -> None:
        """Forget what was counted in a window."""
        self._windows.pop(key, None)

    async def reset(self) -> int | None:
        """Forget everything; tell how many windows there were."""
        count = len(self._windows)
        self._windows.clear()
        return count

    def _sweep(self, now: float) -> None:
        """Let go of windows in which nothing is counted any more."""
        if now < self._swept_at + SWEEP_SECONDS:
            return
        self._swept_at = now
        self._windows = {key: counted for key, counted in self._windows.items() if counted.at(now)}

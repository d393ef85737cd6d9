"""Failed logins are few: five a minute for each username and address (contract section 1)."""

import asyncio
import contextlib
import hashlib
import math
import time
from collections.abc import AsyncIterator
from weakref import WeakValueDictionary

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from application.errors import TooManyAttemptsError
from infra.rate_limits.counters import ProcessCounters

log = structlog.get_logger(__name__)

FAILURES = RateLimitItemPerMinute(5, namespace="failed-logins")


class MovingWindowThrottle:
    """Implements the application's LoginThrottle port over counters that processes may share.

    An attempt is counted before its password is looked at, so that no number of attempts at once
    gets past the limit; a login that succeeds clears the count. Attempts of one pair take turns in
    a process, so that none is refused for others that are about to succeed. While the shared
    counters cannot be reached, each process counts by itself.
    """

    def __init__(self, storage: Storage) -> None:
        self._shared = MovingWindowRateLimiter(storage)
        self._own = MovingWindowRateLimiter(ProcessCounters())
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def attempt(self, username: str, address: str) -> AsyncIterator[None]:
        """Enclose a login; one that is left by an exception counts as failed."""
        pair = hashlib.sha256(f"{username}\0{address}".encode()).hexdigest()
        async with self._turns.setdefault(pair, asyncio.Lock()):
            limiter = await self._count(pair)
            yield
            with contextlib.suppress(StorageError):
                await limiter.clear(FAILURES, pair)

    async def _count(self, pair: str) -> MovingWindowRateLimiter:
        """Count an attempt; give the limiter that did. Raises TooManyAttemptsError."""
        try:
            await _hit(self._shared, pair)
        except StorageError as error:
            log.warning("login_counters_unreachable", error=type(error.storage_error).__name__)
            await _hit(self._own, pair)
            return self._own
        return self._shared


async def _hit(limiter: MovingWindowRateLimiter, pair: str) -> None:
    if not await limiter.hit(FAILURES, pair):
        window = await limiter.get_window_stats(FAILURES, pair)
        raise TooManyAttemptsError(max(1, math.ceil(window.reset_time - time.time())))

"""Requests counted in moving windows, shared between processes while that can be."""

import asyncio
import hashlib
import math
import time
from collections.abc import Sequence
from functools import cache

import msgspec
import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from application.rate_limits import Standing, Window
from infra.rate_limits.counters import ProcessCounters

log = structlog.get_logger(__name__)

# How long a request waits for the shared counters, and how long they are left alone after that.
PATIENCE_SECONDS = 2.0
AGAIN_SECONDS = 5.0


class MovingWindowRateLimits:
    """Implements the application's RateLimiter port over counters that processes may share.

    While the shared counters cannot be reached, each process counts by itself, and one request
    every few seconds looks whether they are back.
    """

    def __init__(self, storage: Storage) -> None:
        self._shared = MovingWindowRateLimiter(storage)
        self._own = MovingWindowRateLimiter(ProcessCounters())
        self._lost = False
        self._ask_again_at = 0.0

    async def take(self, who: str, windows: Sequence[Window]) -> Standing:
        """Count a request in all of its windows; in none if one of them is full.

        In one process this is exact. Processes that share counters never let too many pass, but a
        request that another one overtakes to the last place in a longer window stays counted in
        the shorter ones.
        """
        key = hashlib.sha256(who.encode()).hexdigest()
        if self._may_ask():
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    standing = await _take(self._shared, key, windows)
            except (StorageError, TimeoutError) as error:
                self._lose(error)
            else:
                self._regain()
                return standing
        return await _take(self._own, key, windows)

    def _may_ask(self) -> bool:
        if not self._lost:
            return True
        now = time.monotonic()
        if now < self._ask_again_at:
            return False
        self._ask_again_at = now + AGAIN_SECONDS
        return True

    def _lose(self, error: StorageError | TimeoutError) -> None:
        if not self._lost:
            self._lost = True
            self._ask_again_at = time.monotonic() + AGAIN_SECONDS
            cause = error.storage_error if isinstance(error, StorageError) else error
            log.warning("rate_counters_lost", error=type(cause).__name__)

    def _regain(self) -> None:
        if self._lost:
            self._lost = False
            log.info("rate_counters_regained")


async def _take(limiter: MovingWindowRateLimiter, key: str, windows: Sequence[Window]) -> Standing:
    stood = [await _standing(limiter, key, window) for window in windows]
    if any(standing.remaining < 1 for standing in stood):
        return _refused(windows, stood)
    for window in sorted(windows, key=lambda window: (window.seconds, window.limit)):
        if not await limiter.hit(_item(window), key):
            return _refused(windows, [await _standing(limiter, key, each) for each in windows])
    shown = _shown(windows, stood)
    return Standing(limit=shown.limit, remaining=shown.remaining - 1, resets_at=shown.resets_at)


async def _standing(limiter: MovingWindowRateLimiter, key: str, window: Window) -> Standing:
    """Give how a window stands before the request."""
    stats = await limiter.get_window_stats(_item(window), key)
    return Standing(
        limit=window.limit,
        remaining=stats.remaining,
        resets_at=math.ceil(stats.reset_time),
        retry_after=max(1, math.ceil(stats.reset_time - time.time())),
    )


def _refused(windows: Sequence[Window], stood: Sequence[Standing]) -> Standing:
    """Refuse a request until the last of the windows that are full has a place again."""
    last = min(stood, key=lambda standing: (standing.remaining, -standing.retry_after))
    return msgspec.structs.replace(_shown(windows, stood), retry_after=last.retry_after)


def _shown(windows: Sequence[Window], stood: Sequence[Standing]) -> Standing:
    """Choose what is told: the longest window, for a burst is over before anybody can plan by it.

    Of several that are as long, the one with the least left.
    """
    longest = max(window.seconds for window in windows)
    of_longest = [
        standing
        for window, standing in zip(windows, stood, strict=True)
        if window.seconds == longest
    ]
    return min(of_longest, key=lambda standing: standing.remaining)


@cache
def _item(window: Window) -> RateLimitItem:
    return RateLimitItemPerSecond(window.limit, window.seconds, namespace=window.group)

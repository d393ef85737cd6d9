import asyncio
import contextlib

import pytest
from limits.aio.storage import MemoryStorage

from application.errors import NotAuthenticatedError, TooManyAttemptsError
from infra.identity.throttle import MovingWindowThrottle
from infra.rate_limits.counters import open_counters

pytestmark = pytest.mark.anyio


async def fail(throttle: MovingWindowThrottle, username: str = "ada", address: str = "a") -> None:
    with contextlib.suppress(NotAuthenticatedError):
        async with throttle.attempt(username, address):
            raise NotAuthenticatedError


async def test_the_sixth_failure_within_a_minute_is_not_looked_at() -> None:
    throttle = MovingWindowThrottle(MemoryStorage())
    for _ in range(5):
        await fail(throttle)
    with pytest.raises(TooManyAttemptsError) as refusal:
        await fail(throttle)
    assert 55 <= refusal.value.retry_after <= 60


async def test_a_success_clears_the_failures_before_it() -> None:
    throttle = MovingWindowThrottle(MemoryStorage())
    for _ in range(3):
        for _ in range(4):
            await fail(throttle)
        async with throttle.attempt("ada", "a"):
            pass


async def test_every_pair_of_username_and_address_counts_for_itself() -> None:
    throttle = MovingWindowThrottle(MemoryStorage())
    for username, address in (("ada", "a"), ("ada", "b"), ("bob", "a"), ("ada/a", "")):
        for _ in range(5):
            await fail(throttle, username, address)
    for username, address in (("ada", "a"), ("ada/a", "")):
        with pytest.raises(TooManyAttemptsError):
            await fail(throttle, username, address)
    await fail(throttle, "ada", "/a")


async def test_processes_that_share_their_counters_count_together() -> None:
    storage = MemoryStorage()
    throttles = [MovingWindowThrottle(storage) for _ in range(5)]
    looked_at = 0

    async def guess(throttle: MovingWindowThrottle) -> None:
        nonlocal looked_at
        async with throttle.attempt("ada", "a"):
            looked_at += 1
            await asyncio.sleep(0.01)
            raise NotAuthenticatedError

    guesses = [guess(throttle) for throttle in throttles for _ in range(10)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert looked_at == 5
    assert sum(isinstance(outcome, TooManyAttemptsError) for outcome in outcomes) == 45


async def test_without_redis_each_process_counts_by_itself() -> None:
    async with open_counters("redis://127.0.0.1:1/0") as unreachable:
        throttle = MovingWindowThrottle(unreachable)
        async with throttle.attempt("ada", "a"):
            pass
        for _ in range(5):
            await fail(throttle)
        with pytest.raises(TooManyAttemptsError):
            await fail(throttle)


async def test_nothing_is_kept_for_pairs_that_are_done() -> None:
    throttle = MovingWindowThrottle(MemoryStorage())
    for number in range(10):
        await fail(throttle, f"user-{number}")
    assert len(throttle._turns) == 0

import asyncio

import pytest

from infra.rate_limits import counters as module
from infra.rate_limits.counters import ProcessCounters

pytestmark = pytest.mark.anyio


async def test_windows_that_are_over_are_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP_SECONDS", 1.0)
    counters = ProcessCounters()
    for number in range(100):
        await counters.acquire_entry(f"second-{number}", 5, 1)
    await counters.acquire_entry("minute", 5, 60)
    await asyncio.sleep(1.1)
    await counters.acquire_entry("another", 5, 60)
    assert set(counters._windows) == {"minute", "another"}
    assert (await counters.get_moving_window("minute", 5, 60))[1] == 1


async def test_more_than_a_window_holds_is_never_counted() -> None:
    counters = ProcessCounters()
    assert not await counters.acquire_entry("window", 5, 60, amount=6)
    assert await counters.acquire_entry("window", 5, 60, amount=5)
    assert not await counters.acquire_entry("window", 5, 60)


async def test_a_window_can_be_emptied_and_so_can_all() -> None:
    counters = ProcessCounters()
    for name in ("one", "two", "three"):
        await counters.acquire_entry(name, 1, 60)
    await counters.clear("one")
    assert await counters.acquire_entry("one", 1, 60)
    assert await counters.reset() == 3
    assert await counters.acquire_entry("two", 1, 60)

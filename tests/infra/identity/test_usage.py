import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from infra.identity.usage import FLUSH_SECONDS, PostgresUsageCounter
from infra.postgres.connections import connection_pool

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(database: str, anyio_backend: str) -> AsyncIterator[AsyncConnectionPool]:
    assert anyio_backend == "asyncio"
    async with connection_pool(database, 4) as pool:
        yield pool


async def test_a_key_that_was_never_used(pool: AsyncConnectionPool) -> None:
    usage = await PostgresUsageCounter(pool).usage(5)
    assert usage.usage_count == usage.daily_usage == usage.weekly_usage == 0
    assert usage.last_used_at is None
    assert usage.top_endpoints == []


async def test_uses_are_seen_as_soon_as_they_are_noted(pool: AsyncConnectionPool) -> None:
    counter = PostgresUsageCounter(pool)
    began = datetime.now(UTC)
    for endpoint in ("/runs/", "/processes/", "/runs/", "/runs/"):
        counter.note(5, endpoint)
    counter.note(6, "/runs/")
    usage = await counter.usage(5)
    assert usage.usage_count == usage.daily_usage == usage.weekly_usage == 4
    assert usage.last_used_at is not None
    assert began <= usage.last_used_at <= datetime.now(UTC)
    assert [(top.endpoint, top.count) for top in usage.top_endpoints] == [
        ("/runs/", 3),
        ("/processes/", 1),
    ]
    assert (await counter.usage(6)).usage_count == 1


async def test_processes_add_up_exactly_whatever_they_flush_at_once(
    pool: AsyncConnectionPool,
) -> None:
    counters = [PostgresUsageCounter(pool) for _ in range(5)]

    async def use(counter: PostgresUsageCounter) -> None:
        for number in range(20):
            for key_id in (5, 6, 7):
                counter.note(key_id, f"/{number % 4}")
            await counter.flush()

    await asyncio.gather(*(use(counter) for counter in counters))
    for key_id in (5, 6, 7):
        assert (await counters[0].usage(key_id)).usage_count == 100


async def test_only_the_ten_endpoints_used_most_are_shown(pool: AsyncConnectionPool) -> None:
    counter = PostgresUsageCounter(pool)
    for number in range(12):
        for _ in range(number + 1):
            counter.note(5, f"/{number}")
    top = (await counter.usage(5)).top_endpoints
    assert [each.count for each in top] == list(range(12, 2, -1))


async def test_days_and_weeks_are_told_apart(pool: AsyncConnectionPool, database: str) -> None:
    today = datetime.now(UTC).date()
    with psycopg.connect(database) as connection:
        for days_ago in (1, 6, 7, 30):
            connection.execute(
                "INSERT INTO api_key_usage VALUES (5, %s, '/', 10, now() - interval '1 day')",
                (today - timedelta(days=days_ago),),
            )
    counter = PostgresUsageCounter(pool)
    counter.note(5, "/")
    usage = await counter.usage(5)
    assert (usage.usage_count, usage.daily_usage, usage.weekly_usage) == (41, 1, 21)


async def test_what_was_counted_is_added_by_itself_and_when_the_process_leaves(
    pool: AsyncConnectionPool,
) -> None:
    counter, other = PostgresUsageCounter(pool), PostgresUsageCounter(pool)
    async with counter.running():
        counter.note(5, "/")
        await asyncio.sleep(1.5 * FLUSH_SECONDS)
        assert (await other.usage(5)).usage_count == 1
        counter.note(5, "/")
    assert (await other.usage(5)).usage_count == 2


async def test_what_could_not_be_added_stays_counted(
    pool: AsyncConnectionPool, database: str
) -> None:
    counter = PostgresUsageCounter(pool)
    counter.note(5, "/")
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE api_key_usage RENAME TO away")
    with pytest.raises(psycopg.Error):
        await counter.flush()
    counter.note(5, "/")
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE away RENAME TO api_key_usage")
    assert (await counter.usage(5)).usage_count == 2

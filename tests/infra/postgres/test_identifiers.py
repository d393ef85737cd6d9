"""Integer ids ascend and are never given twice, whoever asks at the same time."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from infra.postgres.connections import connection_pool
from infra.postgres.identifiers import PostgresIdentifiers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def processes(database: str) -> AsyncIterator[list[PostgresIdentifiers]]:
    """Two processes that give ids."""
    async with connection_pool(database, 2) as pool:
        one, other = PostgresIdentifiers(pool), PostgresIdentifiers(pool)
        async with one.running(), other.running():
            yield [one, other]


async def test_ids_ascend_from_one(processes: list[PostgresIdentifiers]) -> None:
    first = await processes[0].allocate("run_ids")
    next_three = await processes[1].allocate("run_ids", 3)

    assert first == [1]
    assert next_three == [2, 3, 4]


async def test_no_id_is_given_twice(processes: list[PostgresIdentifiers]) -> None:
    given = await asyncio.gather(
        *(processes[n % 2].allocate("run_ids", 1 + n % 4) for n in range(100))
    )

    assert [len(ids) for ids in given] == [1 + n % 4 for n in range(100)]
    assert all(ids == sorted(ids) for ids in given)
    everything = [id_ for ids in given for id_ in ids]
    assert sorted(everything) == list(range(1, len(everything) + 1))


async def test_each_sequence_counts_for_itself(processes: list[PostgresIdentifiers]) -> None:
    given = await asyncio.gather(
        processes[0].allocate("run_ids", 2),
        processes[0].allocate("step_ids", 1),
        processes[0].allocate("run_ids", 1),
        processes[0].allocate("api_key_ids", 0),
    )

    assert list(given) == [[1, 2], [1], [3], []]


async def test_an_id_is_not_given_again_by_a_process_that_starts_later(
    database: str, processes: list[PostgresIdentifiers]
) -> None:
    await processes[0].allocate("run_ids", 5)

    async with connection_pool(database, 1) as pool:
        later = PostgresIdentifiers(pool)
        async with later.running():
            assert await later.allocate("run_ids") == [6]


async def test_who_asks_after_the_end_is_told(database: str) -> None:
    async with connection_pool(database, 1) as pool:
        ended = PostgresIdentifiers(pool)
        async with ended.running():
            pass
        with pytest.raises(psycopg.OperationalError):
            await ended.allocate("run_ids")

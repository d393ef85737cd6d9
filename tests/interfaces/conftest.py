"""A served Annals for each worker, and who may do what with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.conftest import TEMPLATE, database_url
from tests.interfaces.api import Api
from tests.serving import Served, serving

# What the log says when something went wrong that nobody foresaw.
FAULTS = ("request_failed", "stream_parked", "projector_interrupted", "Traceback")

# Without that which would send webhooks to addresses that tests make up.
PARTS = "api,projections,jobs"


@contextmanager
def fresh_database(postgres_url: str) -> Iterator[str]:
    name = f"served_{uuid4().hex}"
    identifier = sql.Identifier(name)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        template = sql.Identifier(TEMPLATE)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                identifier, template
            )
        )
        # A database of somebody else's may be set to any time zone.
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET timezone TO 'Asia/Kathmandu'").format(identifier)
        )
        yield database_url(postgres_url, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


@pytest.fixture(scope="session")
def served(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An Annals of the worker's own. Whatever the tests send it, nothing may fail within."""
    home = tmp_path_factory.mktemp("annals")
    with (
        fresh_database(postgres_url) as database,
        serving(home, database_url=database, parts=PARTS) as server,
    ):
        yield server
        with server.client() as client:
            assert client.get("/health").json()["status"] == "healthy"
        log = server.log.read_text()
        assert [line for line in log.splitlines() if any(word in line for word in FAULTS)] == []


@pytest.fixture
def alone(postgres_url: str, tmp_path: Path) -> Iterator[Served]:
    """An Annals of the test's own, for a test that breaks it or needs an empty one."""
    with (
        fresh_database(postgres_url) as database,
        serving(tmp_path, database_url=database) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def api(served: Served) -> Iterator[Api]:
    """The API, as the admin's key reaches it."""
    with served.client() as client:
        yield Api(client)


@pytest.fixture(scope="session")
def user_api(served: Served, api: Api) -> Iterator[Api]:
    """The API, as a user's key reaches it."""
    with served.client(api.create_key(role="user")["key"]) as client:
        yield Api(client)


@pytest.fixture(scope="session")
def stranger(served: Served) -> Iterator[Api]:
    """The API without credentials."""
    with served.client(None) as client:
        yield Api(client)

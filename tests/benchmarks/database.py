"""Databases of the benchmarks' own, on a server of their own."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg
from psycopg import sql

from infra.event_store.keys import encode_master_key
from infra.postgres.embedded import EmbeddedPostgres
from infra.settings import Settings
from interfaces.composition import compose, open_database
from interfaces.services import Services
from tests.conftest import database_url


class Ground(msgspec.Struct, frozen=True):
    """Where a benchmark stands: a server that is used by nobody else, and a directory."""

    url: str
    home: Path

    def new_database(self) -> str:
        """Make an empty database; give its URL."""
        name = f"bench_{uuid4().hex}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return database_url(self.url, name)

    def settings(self) -> Settings:
        """Give settings for a new database."""
        return Settings(
            annals_home=self.home / "annals",
            database_url=self.new_database(),
            annals_master_key=encode_master_key(os.urandom(32)),
            jwt_secret_key="a secret of benchmarks only, long enough",
        )


@contextlib.contextmanager
def prepared_ground() -> Iterator[Ground]:
    """Start a server in a temporary directory; both are gone at the end."""
    home = Path(tempfile.gettempdir()) / f"annals-bench-{uuid4().hex[:12]}"
    try:
        with EmbeddedPostgres(home) as server:
            yield Ground(server.url, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.asynccontextmanager
async def annals(settings: Settings) -> AsyncIterator[Services]:
    """Compose Annals on a database, as ``annals serve --only api`` does: without a projector."""
    with open_database(settings) as conninfo:
        async with compose(settings, conninfo, frozenset({"api"})) as services:
            yield services


def settle(url: str) -> None:
    """Do now what the server would otherwise do during a measurement."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")

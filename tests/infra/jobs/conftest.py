"""A queue, and workers that take from it, each with connections of its own."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from infra.jobs.queue import PostgresJobQueue
from infra.postgres.connections import connection_pool
from tests.infra.jobs.working import Workers


@pytest.fixture
async def queue(database: str) -> AsyncIterator[PostgresJobQueue]:
    async with connection_pool(database, 2) as pool:
        yield PostgresJobQueue(pool)


@pytest.fixture
async def workers(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workers]:
    """Starts workers, which look again often and give up soon."""
    monkeypatch.setattr("infra.jobs.worker.LOOK_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr("infra.jobs.worker.RETRY_SECONDS", 0.05)
    monkeypatch.setattr("infra.jobs.worker.GRACE_SECONDS", 0.2)
    monkeypatch.setattr("infra.jobs.takeover.LOOK_SECONDS", 0.05)
    async with Workers(database) as starting:
        yield starting


@pytest.fixture
async def sql(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        yield connection

"""An event store of the test's own, and a second one over the same log, as in another process."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from infra.event_store.rotation import establish_master_key
from infra.settings import Settings
from interfaces.composition import keyring
from tests.infra.event_store.opening import opened


@pytest.fixture
def ring(settings: Settings) -> Keyring:
    return keyring(settings)


@pytest.fixture
def conninfo(database: str, ring: Keyring) -> str:
    """The database, bound to its master key."""
    establish_master_key(database, ring)
    return database


@pytest.fixture
async def log(conninfo: str, ring: Keyring) -> AsyncIterator[EventStoreParts]:
    async with opened(conninfo, ring) as parts:
        yield parts


@pytest.fixture
async def elsewhere(conninfo: str, ring: Keyring) -> AsyncIterator[EventStoreParts]:
    async with opened(conninfo, ring) as parts:
        yield parts


@pytest.fixture
async def sql(conninfo: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection past Annals, as an operator or an intruder has one."""
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        yield connection

"""A log to project from, and projectors over it."""

from collections.abc import AsyncIterator

import pytest

from infra.event_store.keys import Keyring
from tests.infra.event_store.conftest import conninfo, elsewhere, log, ring, sql
from tests.infra.projections.projecting import Projecting

__all__ = ["conninfo", "elsewhere", "log", "ring", "sql"]


@pytest.fixture
async def projecting(conninfo: str, ring: Keyring) -> AsyncIterator[Projecting]:
    """Starts projectors, each as in a process of its own."""
    async with Projecting(conninfo, ring) as starting:
        yield starting

"""An Annals whose background jobs nobody does but the test."""

from collections.abc import AsyncIterator

import pytest

from infra.settings import Settings
from interfaces.composition import compose, open_database
from interfaces.services import Services


@pytest.fixture
async def services(settings: Settings, anyio_backend: str) -> AsyncIterator[Services]:
    """Annals composed on the test's own database, without a worker for jobs."""
    assert anyio_backend == "asyncio"
    with open_database(settings) as conninfo:
        async with compose(settings, conninfo, frozenset({"projections"})) as composed:
            yield composed

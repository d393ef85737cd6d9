from collections.abc import AsyncIterator

import pytest

from infra.settings import Settings
from interfaces.composition import compose
from interfaces.services import Services


@pytest.fixture
async def others(services: Services, settings: Settings) -> AsyncIterator[Services]:
    """Annals as another process has it: with connections, caches and tasks of its own."""
    assert services is not None
    assert settings.database_url is not None
    async with compose(settings, settings.database_url, frozenset({"api"})) as composed:
        yield composed

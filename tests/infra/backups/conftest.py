"""A world of the test's own."""

import pytest

from infra.settings import Settings
from tests.infra.backups.world import World


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)

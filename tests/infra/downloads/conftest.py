"""A server of the test's own."""

from collections.abc import Iterator

import pytest

from tests.infra.downloads.offering import Offering, offering


@pytest.fixture
def server() -> Iterator[Offering]:
    with offering() as offered:
        yield offered

"""Homes on which servers are killed; whatever a test leaves running there is ended after it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import HOME
from tests.faults.homes import Home

NewHome = Callable[[str], Home]


@pytest.fixture(scope="module")
def new_home() -> Iterator[NewHome]:
    """Make homes; pytest's own directories are closed to the account that PostgreSQL runs as."""
    with ExitStack() as stack:

        def make(name: str) -> Home:
            directory = Path(tempfile.mkdtemp(prefix="annals-faults-", dir=HOME))
            stack.callback(shutil.rmtree, directory)
            home = Home(directory / name)
            stack.callback(home.end_all)
            return home

        yield make


@pytest.fixture
def home(new_home: NewHome) -> Home:
    """A home of the test's own, still empty."""
    return new_home("home")

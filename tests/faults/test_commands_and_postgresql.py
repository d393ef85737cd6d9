"""Commands of the terminal use the embedded PostgreSQL, with a server beside them or without."""

import msgspec
import pytest

from tests.faults.conftest import NewHome
from tests.faults.homes import Home
from tests.serving import Served, wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")

COMMANDS = [("audit", "verify"), ("projections", "status")]


@pytest.fixture(scope="module")
def home(new_home: NewHome) -> Home:
    return new_home("home")


@pytest.fixture(scope="module")
def served(home: Home) -> Served:
    served = home.start()
    wait_until_healthy(served)
    return served


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_beside_a_server_leaves_its_postgresql_running(
    home: Home, served: Served, command: tuple[str, str]
) -> None:
    postmaster = home.postmaster()
    assert succeeds(served, command)
    assert home.postmaster() == postmaster
    wait_until_healthy(served)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_without_a_server_leaves_nothing_running(
    home: Home, served: Served, command: tuple[str, str]
) -> None:
    served.process.terminate()
    served.process.wait(30)
    assert succeeds(served, command)
    assert home.is_deserted()


def succeeds(served: Served, command: tuple[str, str]) -> bool:
    done = served.run(*command, "--json")
    assert msgspec.json.decode(done.stdout)
    return done.returncode == 0

"""The embedded PostgreSQL dies under a running server, which brings it back by itself."""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.faults.conftest import NewHome
from tests.faults.homes import Home, wait_for_line, wait_until
from tests.serving import Served, wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")

SERVICE_UNAVAILABLE = 503


@pytest.fixture(scope="module")
def home(new_home: NewHome) -> Home:
    return new_home("home")


@pytest.fixture(scope="module")
def served(home: Home) -> Served:
    served = home.start()
    wait_until_healthy(served)
    return served


@contextmanager
def postgres_kept_down(home: Home) -> Iterator[None]:
    """Let nobody start or join the PostgreSQL of a home until the block ends."""
    turn = os.open(home.path / "postgres.lock", os.O_RDWR)
    fcntl.flock(turn, fcntl.LOCK_EX)
    try:
        home.kill_postgres()
        yield
    finally:
        os.close(turn)


def create_process(client: httpx.Client, name: str) -> str:
    """Give the path of a new process."""
    created = client.post("/api/v1/processes/", json={"name": name})
    return f"/api/v1/processes/{created.raise_for_status().json()['id']}"


def status_when_available(client: httpx.Client, path: str) -> int:
    """Ask until the server no longer says that it is unavailable."""
    answers = []

    def available() -> bool:
        answers.append(client.get(path).status_code)
        return answers[-1] != SERVICE_UNAVAILABLE

    wait_until(available, f"{path} available")
    return answers[-1]


def test_without_its_database_a_server_is_unhealthy_and_says_so(home: Home, served: Served) -> None:
    with postgres_kept_down(home), served.client() as client:
        wait_until(lambda: client.get("/health").status_code != 200, "not healthy")
        health = client.get("/health")
    assert health.status_code == SERVICE_UNAVAILABLE
    assert health.json()["status"] == "unhealthy"
    assert health.json()["database"] == "disconnected"
    wait_until_healthy(served)


def test_the_server_goes_on_with_all_that_was_acknowledged(home: Home, served: Served) -> None:
    workers = home.workers(served)
    with served.client() as client:
        before = create_process(client, "before")
        home.kill_postgres()
        wait_until_healthy(served)
        assert client.get(before).status_code == 200
        assert client.get(create_process(client, "after")).status_code == 200
    assert home.workers(served) == workers


def test_what_was_read_before_is_read_after(home: Home, served: Served) -> None:
    """The projector does not wait for the disk: a crash takes back what it did last."""
    with served.client() as client:
        for _ in range(2):
            path = create_process(client, "read")
            assert client.get(path).status_code == 200
            home.kill_postgres()
            assert status_when_available(client, path) == 200


def test_a_projector_on_its_own_brings_the_database_back_too(home: Home, served: Served) -> None:
    served.process.terminate()
    assert served.process.wait(30) == 0
    projector = home.start("--only", "projections")
    wait_for_line(projector, "projection_held")
    killed = home.kill_postgres()
    wait_until(lambda: home.postmaster() not in (None, killed), "PostgreSQL again")
    projector.process.send_signal(signal.SIGTERM)
    assert projector.process.wait(30) == 0
    assert home.is_deserted()

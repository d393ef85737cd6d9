"""Five servers start at the same moment on an empty home, and three of them are killed."""

import os
import re
import signal

import psycopg
import pytest

from infra.postgres.embedded import EmbeddedPostgres
from infra.postgres.migrations import DIRECTORY
from tests.faults.conftest import NewHome
from tests.faults.homes import Home
from tests.serving import Served, wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")

FULL_KEY = re.compile(r"admin API key +(pd_\S+)")
PASSWORD = re.compile(r"admin password +(\S+)")


@pytest.fixture(scope="module")
def home(new_home: NewHome) -> Home:
    return new_home("home")


@pytest.fixture(scope="module")
def servers(home: Home) -> list[Served]:
    """None of them is told a key or a password, so each would have to make them up."""
    servers = [home.start(ADMIN_API_KEY="", ADMIN_PASSWORD="") for _ in range(5)]
    for served in servers:
        wait_until_healthy(served)
    return servers


@pytest.fixture(scope="module")
def logs(servers: list[Served]) -> str:
    return "\n".join(served.log.read_text() for served in servers)


@pytest.fixture(scope="module")
def admin_key(logs: str) -> str:
    [key] = FULL_KEY.findall(logs)
    return str(key)


def test_one_of_them_lets_the_first_admin_in(
    servers: list[Served], logs: str, admin_key: str
) -> None:
    assert len(PASSWORD.findall(logs)) == 1
    with servers[0].client(admin_key) as client:
        [user] = client.get("/auth/users").raise_for_status().json()
        keys = client.get("/api/v1/api-keys/").raise_for_status()
    assert user["username"] == "admin"
    assert keys.headers["X-Total-Count"] == "1"


def test_all_of_them_share_one_postgresql(servers: list[Served], admin_key: str) -> None:
    with servers[0].client(admin_key) as client:
        created = client.post("/api/v1/processes/", json={"name": "shared"}).json()
    for served in servers:
        with served.client(admin_key) as client:
            assert client.get(f"/api/v1/processes/{created['id']}").json() == created


def test_the_schema_was_migrated_once(home: Home, servers: list[Served], logs: str) -> None:
    assert len(servers) == 5
    assert logs.count('"schema_migrated"') == 1
    with EmbeddedPostgres(home.path) as server, psycopg.connect(server.url) as connection:
        rows = connection.execute("SELECT name FROM schema_migrations ORDER BY number").fetchall()
    assert [name for (name,) in rows] == sorted(path.stem for path in DIRECTORY.glob("*.sql"))


def test_only_the_last_of_them_to_end_stops_postgresql(
    home: Home, servers: list[Served], admin_key: str
) -> None:
    postmaster = home.postmaster()
    *killed, stopped, last = servers
    for served in killed:
        os.killpg(served.process.pid, signal.SIGKILL)
    stopped.process.terminate()
    assert stopped.process.wait(30) == 0
    assert home.postmaster() == postmaster
    with last.client(admin_key) as client:
        client.post("/api/v1/processes/", json={"name": "still here"}).raise_for_status()
    last.process.terminate()
    assert last.process.wait(30) == 0
    assert home.is_deserted()

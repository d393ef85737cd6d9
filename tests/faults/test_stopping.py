"""However a server is ended, it ends in good order and leaves nothing running."""

import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from infra.postgres.embedded import EmbeddedPostgres
from interfaces.server import STOP_SECONDS
from tests.faults.conftest import NewHome
from tests.faults.homes import Home, wait_for_line, wait_until
from tests.interfaces.websocket.talking import known
from tests.serving import ADMIN_KEY, NO_AUTHORITIES, Served, wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")

BODY = b'{"name": "begun before the end"}'
HEAD = (
    "POST /api/v1/processes/ HTTP/1.1\r\nHost: localhost\r\n"
    f"X-API-Key: {ADMIN_KEY}\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
)


@pytest.fixture(scope="module")
def home(new_home: NewHome) -> Home:
    return new_home("home")


def terminate(served: Served) -> None:
    served.process.terminate()


def press_ctrl_c(served: Served) -> None:
    """A terminal interrupts all processes in its foreground at once."""
    os.killpg(served.process.pid, signal.SIGINT)


def kill_supervisor(served: Served) -> None:
    served.process.kill()


def begin_request(served: Served) -> socket.socket:
    """Send a request as far as the middle of its body."""
    address = httpx.URL(served.url)
    connection = socket.create_connection((address.host, address.port), timeout=30)
    connection.sendall(HEAD.encode() + BODY[:5])
    return connection


def refuses_connections(served: Served) -> bool:
    try:
        httpx.get(f"{served.url}/health", verify=NO_AUTHORITIES)
    except httpx.ConnectError:
        return True
    except (httpx.ReadError, httpx.RemoteProtocolError):
        pass  # it was let in by a worker on its way out
    return False


@pytest.mark.parametrize("end", [terminate, press_ctrl_c])
def test_a_server_that_is_told_to_end_finishes_what_is_under_way(
    home: Home, end: Callable[[Served], None]
) -> None:
    served = home.start(API_WORKERS="2")
    wait_until_healthy(served)
    with begin_request(served) as under_way:
        end(served)
        wait_until(lambda: refuses_connections(served), "no new connections")
        under_way.sendall(BODY[5:])
        assert under_way.recv(100).startswith(b"HTTP/1.1 201 Created")
    assert served.process.wait(30) == 0
    assert "Traceback" not in served.log.read_text()
    assert "Unexpected exit" not in served.log.read_text()
    assert home.is_deserted()


def test_workers_that_lose_their_supervisor_finish_and_end(home: Home) -> None:
    served = home.start(API_WORKERS="2")
    wait_until_healthy(served)
    with begin_request(served) as under_way:
        kill_supervisor(served)
        served.process.wait()
        wait_until(lambda: refuses_connections(served), "no new connections")
        under_way.sendall(BODY[5:])
        assert under_way.recv(100).startswith(b"HTTP/1.1 201 Created")
    wait_until(home.is_deserted, "nothing running")


@pytest.mark.parametrize("end", [terminate, kill_supervisor])
def test_those_who_wait_for_events_are_sent_away_and_keep_no_server_from_ending(
    home: Home, end: Callable[[Served], None]
) -> None:
    served = home.start(API_WORKERS="2")
    wait_until_healthy(served)
    with ExitStack() as stack:
        client = stack.enter_context(served.client())
        stream = stack.enter_context(client.stream("GET", "/api/v1/events/stream"))
        talk = stack.enter_context(known(served, ADMIN_KEY))
        poll = ThreadPoolExecutor(1).submit(
            client.get, "/api/v1/events/", params={"after": 1_000_000, "wait": 30}
        )
        time.sleep(0.5)
        began = time.monotonic()
        end(served)
        assert talk.ended() in (1012, None)
        assert "event: UserRegistered" in stream.read().decode()
        assert poll.result().json()["events"] == []
    served.process.wait(30)
    wait_until(home.is_deserted, "nothing running")
    assert time.monotonic() - began < STOP_SECONDS
    assert "Traceback" not in served.log.read_text()


def test_a_client_that_never_finishes_keeps_no_server_from_ending(home: Home) -> None:
    told, killed = home.start(), home.start()
    with ExitStack() as stack:
        for served in (told, killed):
            wait_until_healthy(served)
            stack.enter_context(begin_request(served))
        kill_supervisor(killed)
        killed.process.wait()
        told.process.terminate()
        assert told.process.wait(30) == 0
        wait_until(lambda: not home.annals(), "no process of Annals")


@pytest.mark.parametrize("end", [terminate, press_ctrl_c, kill_supervisor])
def test_a_worker_that_is_just_starting_ends_too(home: Home, end: Callable[[Served], None]) -> None:
    served = home.start(API_WORKERS="2")
    wait_for_line(served, "Spawning worker-2")
    end(served)
    served.process.wait(30)
    wait_until(lambda: not home.annals(), "no process of Annals")
    assert "Traceback" not in served.log.read_text()


@pytest.mark.parametrize(("end", "exit_code"), [(terminate, 143), (press_ctrl_c, 130)])
def test_a_start_that_is_broken_off_takes_postgresql_with_it(
    home: Home, end: Callable[[Served], None], exit_code: int
) -> None:
    with EmbeddedPostgres(home.path):
        pass  # stops what a killed server left
    served = home.start()
    wait_until(lambda: home.postmaster() is not None, "PostgreSQL")
    end(served)
    assert served.process.wait(30) == exit_code
    assert "Traceback" not in served.log.read_text()
    assert home.is_deserted()


def test_a_worker_that_is_killed_is_replaced(home: Home) -> None:
    served = home.start()
    wait_until_healthy(served)
    [worker] = home.workers(served)
    worker.kill()
    worker.wait()  # until it has ended it may still take a connection, and reset it
    wait_until(lambda: not refuses_connections(served), "another worker")
    wait_until_healthy(served)
    assert home.workers(served) != [worker]
    served.process.terminate()
    assert served.process.wait(30) == 0
    assert home.is_deserted()


def test_an_address_that_is_taken_is_told_not_shared(home: Home) -> None:
    """The kernel would let two servers of one user share a port, if both of them agree to."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        served = home.start(port=taken.getsockname()[1])
        assert served.process.wait(30) == 1
    log = served.log.read_text()
    assert "Error: API_HOST, API_PORT: cannot listen there: Address already in use" in log
    assert "Traceback" not in log

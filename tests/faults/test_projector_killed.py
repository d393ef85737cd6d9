"""Of two servers on one database one keeps the read models; killed, it is replaced."""

import os
import signal

import httpx
import pytest

from tests.faults.homes import Home, wait_for_line, wait_until
from tests.serving import Served, wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")

SERVICE_UNAVAILABLE = 503


def write_and_read(writer: Served, reader: Served) -> None:
    """Write at one server and read at the other, which may have to take over first."""
    with writer.client() as writing, reader.client() as reading:
        created = writing.post("/api/v1/processes/", json={"name": "seen"}).raise_for_status()
        answers: list[httpx.Response] = []

        def answered() -> bool:
            answers.append(reading.get(f"/api/v1/processes/{created.json()['id']}"))
            return answers[-1].status_code != SERVICE_UNAVAILABLE

        wait_until(answered, "an answer from the read models")
        assert answers[-1].json() == created.json()


def test_a_server_takes_over_the_projections_of_one_that_was_killed(home: Home) -> None:
    first = home.start(API_WORKERS="2")
    wait_until_healthy(first)
    wait_for_line(first, "projection_held")
    second = home.start(API_WORKERS="2")
    wait_until_healthy(second)
    write_and_read(first, second)
    write_and_read(second, first)
    assert "projection_held" not in second.log.read_text()
    os.killpg(first.process.pid, signal.SIGKILL)
    write_and_read(second, second)
    assert "projection_held" in second.log.read_text()

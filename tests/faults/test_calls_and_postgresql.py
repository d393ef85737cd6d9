"""Calls are answered, counted and noted while the embedded PostgreSQL dies and comes back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.faults.homes import Home, wait_until
from tests.faults.test_database_killed import postgres_kept_down
from tests.interfaces.rest.problems import assert_dashboard_error, assert_football_error
from tests.serving import Served, wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")

LOG = "/api/v1/audit-logs/"


@pytest.fixture
def served(home: Home) -> Served:
    served = home.start(RATE_LIMIT_ENABLED="true")
    wait_until_healthy(served)
    return served


def test_without_a_database_every_path_is_answered_as_it_should_and_counted(
    home: Home, served: Served
) -> None:
    with postgres_kept_down(home), served.client() as client:
        wait_until(lambda: client.get("/health").status_code == 503, "not healthy")
        paths = ("/auth/me", "/api/v1/runs/", "/", "/nothing", "/health")
        with ThreadPoolExecutor(len(paths)) as at_once:  # each waits for the database for a while
            responses = list(at_once.map(client.get, paths))
    me, runs, root, nothing, health = responses
    assert_football_error(me, 503)
    assert_dashboard_error(runs, 503, "service_unavailable")
    assert root.status_code == 200
    assert_dashboard_error(nothing, 404, "not_found")
    assert health.json()["status"] == "unhealthy"
    for response in responses:
        assert int(response.headers["x-ratelimit-remaining"]) > 0


def test_calls_around_the_death_of_a_database_are_all_noted_and_once(
    home: Home, served: Served
) -> None:
    sent = []
    with served.client() as client:
        for _ in range(3):
            sent += [client.get("/api/v1/runs/") for _ in range(50)]
            home.kill_postgres()
            sent += [client.get("/api/v1/runs/") for _ in range(2)]
            wait_until_healthy(served)
        now = datetime.now(UTC).isoformat()
        pages = [
            client.get(LOG, params={"created_before": now, "size": 100, "page": page}).json()
            for page in (1, 2)
        ]
    noted = [call for page in pages for call in page["items"] if call["path"] == "/api/v1/runs"]
    expected = {response.headers["x-request-id"]: response.status_code for response in sent}
    assert {call["request_id"]: call["status_code"] for call in noted} == expected
    assert len(noted) == len(sent)

"""What is measured, in Prometheus's format: for admins and who holds the scrape token."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.interfaces.api import Api, unique
from tests.interfaces.conftest import fresh_database
from tests.interfaces.rest.problems import assert_dashboard_error
from tests.interfaces.rest.test_system import cut_off
from tests.serving import Served, serving

TOKEN = "a token of tests only, long enough".replace(" ", "-")
BEARER = {"Authorization": f"Bearer {TOKEN}"}
WORKERS = 2


@pytest.fixture(scope="module")
def measured(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An Annals of two processes with a scrape token and with limits."""
    home = tmp_path_factory.mktemp("measured")
    with (
        fresh_database(postgres_url) as database,
        serving(
            home,
            database_url=database,
            METRICS_TOKEN=TOKEN,
            API_WORKERS=str(WORKERS),
            RATE_LIMIT_ENABLED="true",
            RATE_LIMIT_PER_MINUTE="5",
        ) as server,
    ):
        yield server


def scrape(served: Served) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = httpx.get(f"{served.url}/metrics", headers=BEARER)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(served: Served, name: str, **labels: str) -> float:
    return scrape(served).get((name, frozenset(labels.items())), 0.0)


def answered(served: Served, route: str, method: str = "GET", status: str = "2xx") -> float:
    return value(
        served, "annals_http_request_seconds_count", method=method, route=route, status=status
    )


def test_admins_and_the_token_are_let_in_and_nobody_else(measured: Served) -> None:
    with measured.client() as admin, measured.client(None) as stranger:
        assert admin.get("/metrics").status_code == 200
        refused = stranger.get("/metrics")
        assert_dashboard_error(refused, 401, "authentication_error", "Not authenticated")
        for wrong in (TOKEN + "x", TOKEN[:-1], "x", "Ω", "pd_" + "x" * 40):
            headers = {b"Authorization": f"Bearer {wrong}".encode()}
            assert stranger.get("/metrics", headers=headers).status_code == 401
        assert stranger.get("/metrics", headers={"X-API-Key": TOKEN}).status_code == 401
        assert stranger.get("/metrics/", headers=BEARER).status_code == 200
        user = Api(admin).create_key(role="user")["key"]
    with measured.client(user) as client:
        assert_dashboard_error(client.get("/metrics"), 403, "permission_denied", "admin")


def test_the_token_opens_nothing_else(measured: Served) -> None:
    assert httpx.get(f"{measured.url}/api/v1/runs/", headers=BEARER).status_code == 401


def test_requests_are_counted_by_route_over_all_processes(measured: Served) -> None:
    route = "/api/v1/processes/{process_id}"
    before = answered(measured, route, status="4xx")
    for number in range(20):  # each on a connection of its own, for any process to take
        with measured.client() as client:
            assert client.get(f"/api/v1/processes/{900_000 + number}").status_code == 404
        assert answered(measured, route, status="4xx") == before + number + 1


def test_paths_without_a_route_are_one_label_and_nothing_of_a_request_is_one(
    measured: Served,
) -> None:
    marker = unique("Jane-Doe")
    before = answered(measured, "unknown", status="4xx")
    with measured.client() as client:
        for path in (f"/{marker}", f"/api/v1/{marker}/x", f"/audit/streams/run-{marker}"):
            assert client.get(path).status_code == 404
        client.get("/api/v1/runs/", params={"entity_name": marker})
        client.request(marker.upper(), "/health")
        Api(client).register(username=marker)
    assert answered(measured, "unknown", status="4xx") == before + 3
    text = httpx.get(f"{measured.url}/metrics", headers=BEARER).text
    assert marker.lower() not in text.lower()
    assert 'method="OTHER"' in text


def test_appends_and_commits_are_measured(measured: Served) -> None:
    before = scrape(measured)
    with measured.client() as client:
        Api(client).create_process("one")
    after = scrape(measured)
    for name, least in (
        ("annals_append_seconds_count", 2),
        ("annals_commit_commands_sum", 2),
        ("annals_commit_events_sum", 2),
    ):
        key = (name, frozenset[tuple[str, str]]())
        assert after[key] - before[key] >= least


def test_a_refusal_for_too_many_requests_is_counted(measured: Served) -> None:
    with measured.client() as admin:
        user = Api(admin).create_key(role="user")["key"]
    before = value(measured, "annals_rate_limit_refusals_total", group="dashboard")
    with measured.client(user) as client:
        while client.get("/api/v1/processes/").status_code == 200:
            pass
    assert value(measured, "annals_rate_limit_refusals_total", group="dashboard") == before + 1


def test_what_is_in_the_database_is_told(measured: Served) -> None:
    with psycopg.connect(measured.environment["DATABASE_URL"]) as sql:
        sql.execute(
            "INSERT INTO parked_streams"
            " (projection, projection_version, stream_id, position, version, topic, error, trace)"
            " VALUES ('history', 1, 'run-1', 1, 1, 'RunStarted', '', '')"
        )
        sql.execute("SELECT jobs.enqueue('sweep_retention', '{}', 0, '2100-01-01', NULL, NULL)")
    samples = scrape(measured)
    history = frozenset({("projection", "history"), ("kind", "projection")})
    waiting = frozenset({("kind", "sweep_retention"), ("state", "waiting")})
    assert samples["annals_parked_streams", history] == 1
    assert ("annals_projection_lag_events", history) in samples
    assert ("annals_projection_lag_seconds", history) in samples
    assert samples["annals_jobs", waiting] >= 1
    assert samples["annals_log_position", frozenset()] > 0
    assert samples["annals_database_up", frozenset()] == 1
    connections = [
        samples["annals_pool_connections", frozenset({("state", state)})]
        for state in ("idle", "in_use")
    ]
    assert sum(connections) >= WORKERS
    [build] = [dict(labels) for name, labels in samples if name == "annals_build_info"]
    assert build.keys() == {"version", "python"}


def test_a_process_that_was_killed_leaves_its_counts_and_not_its_connections(
    measured: Served,
) -> None:
    route = "/health"
    with measured.client(None) as client:
        for _ in range(4):
            client.get(route)
    before = answered(measured, route)
    connections = value(measured, "annals_pool_connections", state="idle")
    victim, *_ = psutil.Process(measured.process.pid).children()
    victim.kill()
    gone, _ = psutil.wait_procs([victim], timeout=20)
    assert gone
    after = -1.0
    while after < before:
        try:
            after = answered(measured, route)
        except httpx.TransportError:
            continue
    assert after == before
    assert value(measured, "annals_pool_connections", state="idle") <= connections + WORKERS


def test_without_its_database_the_token_still_gets_what_needs_none(
    postgres_url: str, tmp_path: Path
) -> None:
    with (
        fresh_database(postgres_url) as database,
        serving(tmp_path, database_url=database, METRICS_TOKEN=TOKEN) as served,
    ):
        cut_off(database)
        samples = scrape(served)
        assert samples["annals_database_up", frozenset()] == 0
        assert not [name for name, _ in samples if name == "annals_jobs"]
        assert answered(served, "/health") >= 1

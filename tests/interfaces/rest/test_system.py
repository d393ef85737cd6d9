"""What Annals says about itself to anyone who asks (contract section 13)."""

import json
import re
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from infra.projections.status import STATUS
from tests.interfaces.api import Api, Json, unique
from tests.interfaces.rest.problems import assert_dashboard_error
from tests.serving import Served

# Of a longer one, PostgreSQL does not show the end.
SHOWN_OF_A_QUERY = 500

END_WHO_WAITS = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE datname = current_database()
  AND wait_event_type = 'Lock'
  AND query LIKE %s
"""

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]


def test_the_root_tells_what_is_served(stranger: Api) -> None:
    shown = stranger.get("/")
    assert shown.keys() == {"name", "version", "description", "environment", "features"}
    assert (shown["name"], shown["version"]) == ("Annals", PROJECT["version"])
    assert shown["environment"] == "production"
    assert "metadata_filtering" in shown["features"]


def test_health_is_the_union_of_both_seeds_shapes(stranger: Api) -> None:
    shown = stranger.get("/health")
    assert shown.keys() == {
        "status",
        "timestamp",
        "version",
        "database",
        "uptime",
        "components",
        "system_metrics",
    }
    assert (shown["status"], shown["database"]) == ("healthy", "connected")
    assert re.fullmatch(r"\d+d \d+h \d+m", shown["uptime"])
    assert shown["timestamp"].endswith("Z")
    components = shown["components"]
    # Nothing is watched or fetched before somebody says what.
    off = {components.pop("file_watcher"), components.pop("web_downloader")}
    assert off == {False}
    assert components.keys() == {"automation_manager", "database", "cache", "projections"}
    assert set(components.values()) == {True}
    assert 0 < shown["system_metrics"]["memory_usage_percent"] <= 100
    assert 0 <= shown["system_metrics"]["cpu_usage_percent"] <= 100
    assert shown["system_metrics"]["uptime_seconds"] >= 0


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documentation_is_a_page_that_shows_the_document(stranger: Api, path: str) -> None:
    response = stranger.http.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "startRun" in response.text


def test_every_response_brings_its_request_id(stranger: Api) -> None:
    ids = [
        stranger.http.get(path).headers["x-request-id"]
        for path in ("/health", "/docs", "/nothing", "/api/v1/runs/", "/auth/me")
    ]
    assert len(set(ids)) == len(ids)


def test_no_response_may_be_kept_by_caches_or_framed(stranger: Api) -> None:
    for path in ("/health", "/docs", "/nothing", "/api/v1/runs/", "/auth/me"):
        headers = stranger.http.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_a_request_may_bring_its_id(stranger: Api) -> None:
    response = stranger.http.get("/health", headers={"X-Request-ID": "mine-1"})
    assert response.headers["x-request-id"] == "mine-1"


@pytest.mark.parametrize("bad", ["", "two words", "x" * 129])
def test_an_unusable_request_id_is_replaced(stranger: Api, bad: str) -> None:
    response = stranger.http.get("/health", headers={"X-Request-ID": bad})
    assert response.headers["x-request-id"] not in ("", bad)


def test_the_log_finds_a_request_by_its_id_and_shows_no_address(api: Api, served: Served) -> None:
    request_id = unique("find-me-in-the-log")
    api.http.get(
        "/api/v1/runs/",
        params={"entity_name": "Marker Person"},
        headers={"X-Request-ID": request_id},
    )
    entry = wait_for_line(served, request_id)
    assert (entry["method"], entry["route"], entry["status"]) == ("GET", "/api/v1/runs", 200)
    assert "Marker" not in str(entry)


def test_the_server_logs_nothing_but_json(served: Served) -> None:
    entries = [json.loads(line) for line in lines_after_the_greeting(served)]
    assert any("Listening at" in entry["event"] for entry in entries)
    for entry in entries:
        assert entry.keys() >= {"event", "level", "timestamp"}


def test_without_its_database_everything_is_503_and_health_says_why(alone: Served) -> None:
    with alone.client() as client:
        assert client.get("/health").status_code == 200
        cut_off(alone.environment["DATABASE_URL"])
        health, refused = client.get("/health"), client.get("/api/v1/processes/")
    assert health.status_code == 503
    shown = health.json()
    assert (shown["status"], shown["database"]) == ("unhealthy", "disconnected")
    assert shown["components"]["database"] is False
    assert_dashboard_error(refused, 503, "service_unavailable", "try again")
    assert refused.headers["retry-after"] == "1"


def test_a_database_that_goes_away_while_health_is_asked_is_unhealthy_too(
    served: Served, stranger: Api
) -> None:
    with (
        psycopg.connect(served.environment["DATABASE_URL"]) as blocking,
        ThreadPoolExecutor(1) as executor,
    ):
        blocking.execute("LOCK TABLE checkpoints")
        asked = executor.submit(stranger.http.get, "/health")
        cut_off_whoever_waits_for_the_statuses(served.environment["DATABASE_URL"])
        health = asked.result()
    assert health.status_code == 503
    assert (health.json()["status"], health.json()["database"]) == ("unhealthy", "disconnected")


def lines_after_the_greeting(served: Served) -> list[str]:
    log = served.log.read_text().partition("Annals on http://")[2]
    whole_lines = log[: log.rfind("\n")]
    return whole_lines.splitlines()[1:]


def wait_for_line(served: Served, request_id: str) -> Json:
    """Find the line of a request, which is written after the request was answered."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for line in lines_after_the_greeting(served):
            if request_id in line:
                entry: Json = json.loads(line)
                return entry
        time.sleep(0.05)
    raise AssertionError(f"{request_id} is not in the log")


def cut_off(database: str) -> None:
    """Let nobody into a database any more, and those out who are in."""
    name = urlsplit(database).path.removeprefix("/")
    elsewhere = database.replace(f"/{name}?", "/postgres?")
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        forbid = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name))
        connection.execute(forbid)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )


def cut_off_whoever_waits_for_the_statuses(database: str) -> None:
    """End the one connection that asks how the read models stand, which another one holds up."""
    deadline = time.monotonic() + 30
    asking = f"{STATUS[:SHOWN_OF_A_QUERY]}%"
    with psycopg.connect(database, autocommit=True) as connection:
        while time.monotonic() < deadline:
            if connection.execute(END_WHO_WAITS, (asking,)).fetchall() == [(True,)]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody asked for the statuses")

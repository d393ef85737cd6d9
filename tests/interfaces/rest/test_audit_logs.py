"""Who called what, when, with which outcome (contract section 7); nothing personal in it."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.interfaces.api import PASSWORD, Api, Json, answered, unique
from tests.interfaces.conftest import fresh_database
from tests.interfaces.rest.problems import assert_dashboard_error, assert_invalid
from tests.serving import Served, serving

LOG = "/api/v1/audit-logs/"
ENTRY = {
    "id",
    "created_at",
    "actor",
    "method",
    "route",
    "path",
    "status_code",
    "duration_ms",
    "request_id",
    "event_position",
}


def entries(api: Api, **wanted: Any) -> Sequence[Json]:
    response = api.http.get(LOG, params={"size": 100} | wanted)
    items: Sequence[Json] = answered(response, 200)["items"]
    return items


def entry_of(api: Api, response: httpx.Response) -> Json:
    [entry] = entries(api, request_id=response.headers["x-request-id"])
    return entry


def test_a_call_is_shown_with_who_what_when_and_its_outcome(api: Api) -> None:
    began = datetime.now(UTC)
    response = api.http.post("/api/v1/processes/?note=secret", json={"name": unique("process")})
    entry = entry_of(api, response)
    assert entry.keys() == ENTRY
    assert entry["actor"] == "api_key:1"
    assert (entry["method"], entry["status_code"]) == ("POST", 201)
    assert entry["route"] == entry["path"] == "/api/v1/processes"
    assert entry["event_position"] == int(response.headers["x-event-position"])
    assert entry["created_at"].endswith("Z")
    assert began <= datetime.fromisoformat(entry["created_at"]) <= datetime.now(UTC)
    assert 0 < entry["duration_ms"] < 30_000


def test_a_query_records_nothing_and_has_no_position(api: Api) -> None:
    assert entry_of(api, api.http.get("/api/v1/runs/"))["event_position"] is None


def test_ids_that_are_integers_stand_in_the_path(api: Api) -> None:
    process = api.create_process()
    entry = entry_of(api, api.http.get(f"/api//v1/processes/{process}/?q=1"))
    assert entry["route"] == "/api/v1/processes/{process_id}"
    assert entry["path"] == f"/api/v1/processes/{process}"


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("PATCH", "/auth/users/jane.doe", "/auth/users/{username}"),
        ("PATCH", "/auth/users/4512345678", "/auth/users/{username}"),
        ("GET", "/api/v1/runs/jane-doe", "/api/v1/runs/{run_id}"),
        ("GET", "/api/v1/runs/%D9%A4%D9%A2", "/api/v1/runs/{run_id}"),
        ("GET", "/api/v1/audit/streams/user-jane", "/api/v1/audit/streams/{stream_id}"),
        ("GET", "/jane/doe", None),
        ("DELETE", "/api/v1/runs/", None),
    ],
)
def test_what_may_be_personal_is_not_kept(
    api: Api, served: Served, method: str, path: str, route: str | None
) -> None:
    trace = uuid4().hex
    response = api.http.request(method, path, params={"mail": f"{trace}@example.org"})
    entry = entry_of(api, response)
    assert (entry["route"], entry["path"]) == (route, None)
    with psycopg.connect(served.environment["DATABASE_URL"]) as connection:
        kept = connection.execute(
            "SELECT count(*) FROM audit_log WHERE audit_log::text LIKE ANY (%s)",
            ([f"%{trace}%", "%jane.doe%", "%4512345678%", "%jane-doe%", "%/jane/%"],),
        ).fetchone()
    assert kept == (0,)


def test_a_user_goes_by_the_name_that_events_have(api: Api, stranger: Api) -> None:
    user = api.register()
    token = stranger.log_in(user["username"], PASSWORD).json()["access_token"]
    response = stranger.http.get("/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert entry_of(api, response)["actor"] == f"user:{user['username']}"


def test_calls_that_are_refused_are_noted_too(api: Api, stranger: Api, user_api: Api) -> None:
    for client, method, path, status in (
        (stranger, "GET", "/api/v1/runs/", 401),
        (user_api, "GET", LOG, 403),
        (stranger, "GET", "/nothing/here", 404),
        (stranger, "DELETE", "/api/v1/runs/", 405),
        (api, "POST", "/api/v1/runs/", 422),
        (stranger, "POST", "/auth/login", 422),
        (stranger, "GET", "/stewardship/1", 404),
    ):
        entry = entry_of(api, client.http.request(method, path, json={}))
        assert (entry["method"], entry["status_code"]) == (method, status)
        assert (entry["actor"] is None) == (client is stranger)


def test_a_credential_that_does_not_hold_is_nobodys(api: Api) -> None:
    response = api.http.get("/api/v1/runs/", headers={"X-API-Key": "pd_" + "x" * 40})
    assert entry_of(api, response)["actor"] is None


def test_an_unheard_of_method_is_not_kept(api: Api) -> None:
    assert entry_of(api, api.http.request("JANEDOE", "/api/v1/runs/"))["method"] == "OTHER"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health"),
        ("GET", "/health/"),
        ("GET", "/docs"),
        ("GET", "/redoc"),
        ("GET", "/openapi.json"),
        ("OPTIONS", "/api/v1/runs/"),
    ],
)
def test_probes_preflights_and_documentation_are_not_noted(
    api: Api, method: str, path: str
) -> None:
    response = api.http.request(method, path)
    assert entries(api, request_id=response.headers["x-request-id"]) == []


def test_the_list_is_newest_first_in_pages_with_an_exact_total(api: Api, served: Served) -> None:
    key = api.create_key(role="admin")
    with served.client(key["key"]) as client:
        sent = [client.get("/api/v1/runs/").headers["x-request-id"] for _ in range(5)]
    response = api.http.get(LOG, params={"actor": f"api_key:{key['id']}", "size": 2, "page": 2})
    page = response.json()
    assert [item["request_id"] for item in page["items"]] == [sent[2], sent[1]]
    assert (page["total"], page["page"], page["size"], page["pages"]) == (5, 2, 2, 3)
    assert set(response.links) == {"first", "last", "prev", "next"}
    assert response.headers["x-total-count"] == "5"


def test_the_slash_at_the_end_may_be_left_out(api: Api) -> None:
    assert api.get(LOG.rstrip("/"), size=1)["size"] == 1


def test_calls_are_found_by_what_they_were(api: Api) -> None:
    process = api.create_process()
    path = f"/api/v1/processes/{process}"
    route = "/api/v1/processes/{process_id}"
    found = api.http.get(path)
    api.http.get("/api/v1/processes/999999999")
    wanted = found.headers["x-request-id"]
    for filters in (
        {"path": path},
        {"path": path, "route": route, "method": "GET", "status_code": 200},
        {"path": path, "min_duration": 0.001},
        {"path": path, "created_after": datetime.now(UTC) - timedelta(minutes=5)},
        {"path": path, "created_before": datetime.now(UTC) + timedelta(minutes=5)},
    ):
        assert [entry["request_id"] for entry in entries(api, **filters)] == [wanted]
    for other in (
        {"method": "POST"},
        {"status_code": 404},
        {"min_duration": 1e9},
        {"created_after": datetime.now(UTC) + timedelta(minutes=5)},
        {"created_before": datetime.now(UTC) - timedelta(minutes=5)},
        {"actor": "user:nobody"},
    ):
        assert entries(api, path=path, **other) == []
    assert {entry["path"] for entry in entries(api, route=route)} >= {path}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status_code", "99"),
        ("status_code", "600"),
        ("status_code", "many"),
        ("min_duration", "-1"),
        ("min_duration", "nan"),
        ("min_duration", "inf"),
        ("created_after", "yesterday"),
        ("created_before", "1"),
        ("page", "0"),
        ("size", "101"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_its_name(api: Api, name: str, value: str) -> None:
    assert_invalid(api.http.get(LOG, params={name: value}), name)


def test_only_an_admin_may_see_it(stranger: Api, user_api: Api) -> None:
    assert_dashboard_error(stranger.http.get(LOG), 401, "authentication_error")
    assert_dashboard_error(user_api.http.get(LOG), 403, "permission_denied")


@pytest.fixture
def second(served: Served) -> Iterator[Api]:
    home = Path(served.environment["ANNALS_HOME"])
    with (
        serving(home, database_url=served.environment["DATABASE_URL"]) as server,
        server.client() as client,
    ):
        yield Api(client)


def test_another_server_shows_a_call_within_a_second(api: Api, second: Api) -> None:
    for _ in range(3):
        response = second.http.get("/api/v1/runs/")
        time.sleep(1)
        assert entry_of(api, response)["status_code"] == 200


def test_a_server_that_is_stopped_has_written_all(postgres_url: str, tmp_path: Path) -> None:
    with fresh_database(postgres_url) as database:
        with (
            serving(
                tmp_path,
                database_url=database,
                RATE_LIMIT_ENABLED="true",
                RATE_LIMIT_PER_MINUTE="20",
            ) as server,
            server.client() as admin,
            server.client(Api(admin).create_key()["key"]) as user,
        ):
            statuses = [user.get("/api/v1/runs/").status_code for _ in range(30)]
        with psycopg.connect(database) as connection:
            rows = connection.execute(
                "SELECT status_code, count(*) FROM audit_log WHERE actor = 'api_key:2' GROUP BY 1"
            ).fetchall()
    assert dict(rows) == {200: 20, 429: 10}
    assert statuses.count(429) == 10

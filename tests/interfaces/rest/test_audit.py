"""The audit trail over HTTP (contract section 12)."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg
import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import assert_dashboard_error
from tests.serving import ADMIN_KEY, ADMIN_PASSWORD, Served

ENTRY = {
    "position",
    "stream_id",
    "version",
    "type",
    "recorded_at",
    "actor",
    "correlation_id",
    "causation_id",
    "request_id",
}


@pytest.fixture(scope="module")
def run(api: Api) -> Json:
    """A run with five events: started, step began, run began, step succeeded, run completed."""
    run = api.start_run(api.create_process("only"), entity_name="Acme", meta={"color": "red"})
    step = run["steps"][0]["id"]
    api.report(step, status="running", started_at="2025-10-03T10:00:00Z")
    api.report(step, status="success", finished_at="2025-10-03T10:30:00Z")
    return api.run(run["id"])


def state(api: Api, run: Json, **as_of: Any) -> Json:
    shown: Json = api.get(f"/api/v1/audit/streams/run-{run['id']}/state", **as_of)
    return shown


def test_a_stream_shows_every_event_in_order(api: Api, run: Json) -> None:
    history = api.get(f"/api/v1/audit/streams/run-{run['id']}")
    assert (history["stream_id"], history["version"]) == (f"run-{run['id']}", 5)
    assert [event["type"] for event in history["events"]] == [
        "RunStarted",
        "StepRunBegan",
        "RunBegan",
        "StepRunSucceeded",
        "RunCompleted",
    ]
    assert [event["version"] for event in history["events"]] == [1, 2, 3, 4, 5]
    positions = [event["position"] for event in history["events"]]
    assert positions == sorted(set(positions))


def test_an_event_shows_what_happened_when_and_by_whom(api: Api, run: Json) -> None:
    started = api.events(f"run-{run['id']}")[0]
    assert started.keys() == ENTRY | {"data", "redacted"}
    assert started["actor"] == "api_key:1"
    assert started["recorded_at"].endswith("Z")
    assert started["redacted"] is False
    assert started["data"]["entity_name"] == "Acme"
    assert started["data"]["personal_meta"] == {"color": "red"}


def test_an_event_names_its_request_and_the_chain_of_requests_it_belongs_to(api: Api) -> None:
    response = api.http.post(
        "/api/v1/processes/",
        json={"name": "traced"},
        headers={"X-Request-ID": "request-7", "X-Correlation-ID": "order-42"},
    )
    assert response.headers["x-request-id"] == "request-7"
    [created] = api.events(f"process-{response.json()['id']}")
    assert (created["request_id"], created["correlation_id"]) == ("request-7", "order-42")


@pytest.mark.parametrize("bad", ["", "c" * 129, "tab\there"])
def test_a_chain_without_a_usable_name_begins_with_its_request(api: Api, bad: str) -> None:
    response = api.http.post(
        "/api/v1/processes/", json={"name": "untraced"}, headers={"X-Correlation-ID": bad}
    )
    [created] = api.events(f"process-{response.json()['id']}")
    assert created["correlation_id"] == created["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (1, ("pending", "pending", None)),
        (2, ("pending", "running", None)),
        (3, ("running", "running", None)),
        (4, ("running", "success", None)),
        (5, ("completed", "success", "2025-10-03T10:30:00Z")),
    ],
)
def test_the_state_at_a_version_is_what_its_events_made_it(
    api: Api, run: Json, version: int, expected: tuple[str, str, str | None]
) -> None:
    shown = state(api, run, version=version)
    assert (shown["stream_id"], shown["type"]) == (f"run-{run['id']}", "Run")
    assert shown["version"] == version
    [step] = shown["state"]["steps"].values()
    assert (shown["state"]["status"], step["status"], shown["state"]["finished_at"]) == expected


def test_the_state_without_a_version_is_the_newest(api: Api, run: Json) -> None:
    assert state(api, run) == state(api, run, version=5)


def test_the_state_at_a_moment_is_what_was_recorded_until_then(api: Api, run: Json) -> None:
    events = api.events(f"run-{run['id']}")
    for event, following in zip(events, [*events[1:], None], strict=True):
        if following is None or following["recorded_at"] > event["recorded_at"]:
            shown = state(api, run, at=event["recorded_at"])
            assert shown["version"] == event["version"]


def test_before_its_first_event_a_stream_has_no_state(api: Api, run: Json) -> None:
    began = datetime.fromisoformat(api.events(f"run-{run['id']}")[0]["recorded_at"])
    before = (began - timedelta(microseconds=1)).isoformat()
    response = api.http.get(f"/api/v1/audit/streams/run-{run['id']}/state", params={"at": before})
    assert_dashboard_error(response, 404, "not_found", f"run-{run['id']} had no event at")


def test_a_version_that_is_not_yet_there_has_no_state(api: Api, run: Json) -> None:
    response = api.http.get(f"/api/v1/audit/streams/run-{run['id']}/state", params={"version": 6})
    assert_dashboard_error(response, 404, "not_found", "has no version 6")


@pytest.mark.parametrize(
    "stream", ["run-987654321", "nonsense", "user-nobody", "run-", "-1", "%25"]
)
@pytest.mark.parametrize("rest", ["", "/state", "/state?version=1", "/state?at=2030-01-01"])
def test_an_unknown_stream_is_not_found(api: Api, stream: str, rest: str) -> None:
    response = api.http.get(f"/api/v1/audit/streams/{stream}{rest}")
    assert_dashboard_error(response, 404, "not_found", "not found")


@pytest.mark.parametrize("path", ["user-admin", "user-admin/state", "api_key-1"])
def test_secrets_are_never_shown(api: Api, path: str) -> None:
    shown = api.http.get(f"/api/v1/audit/streams/{path}").text
    assert "[REDACTED]" in shown
    assert "argon2" not in shown
    assert ADMIN_PASSWORD not in shown
    assert sha256(ADMIN_KEY.encode()).hexdigest() not in shown


def test_the_audit_history_is_newest_first(api: Api) -> None:
    process = api.create_process("first")
    newest = api.get("/api/v1/audit/history", size=2)["items"]
    assert [entry["type"] for entry in newest] == ["StepAdded", "ProcessCreated"]
    assert {entry["stream_id"] for entry in newest} == {f"process-{process}"}
    assert newest[0].keys() == ENTRY


def test_the_audit_history_is_searched_by_each_of_its_fields(api: Api, run: Json) -> None:
    completed = api.events(f"run-{run['id']}")[-1]

    def found(**wanted: Any) -> list[int]:
        items = api.get("/api/v1/audit/history", size=100, **wanted)["items"]
        return [entry["position"] for entry in items]

    own = {"stream": f"run-{run['id']}"}
    assert len(found(**own)) == 5
    assert found(**own, type="RunCompleted") == [completed["position"]]
    assert completed["position"] in found(correlation_id=completed["correlation_id"])
    assert found(**own, actor="api_key:1") == found(**own)
    assert found(**own, actor="api_key:2") == []
    assert completed["position"] in found(**own, recorded_after=completed["recorded_at"])
    assert found(**own, recorded_before=completed["recorded_at"]) == found(**own)
    assert found(**own, recorded_before="2020-01-01T00:00:00Z") == []


def test_the_chain_of_all_that_was_recorded_holds(api: Api, run: Json) -> None:
    verified = api.get("/api/v1/audit/verify")
    assert verified == {
        "valid": True,
        "events_verified": verified["head"],
        "head": verified["head"],
        "first_bad_position": None,
        "problem": None,
    }
    assert verified["head"] >= api.events(f"run-{run['id']}")[-1]["position"]


def test_every_projection_tells_how_far_it_is(api: Api) -> None:
    position = int(
        api.http.post("/api/v1/processes/", json={"name": "x"}).headers["x-event-position"]
    )
    api.get("/api/v1/processes/")
    projections = {shown["name"]: shown for shown in api.get("/api/v1/projections")}
    assert set(projections) == {
        "processes",
        "runs",
        "users",
        "api_keys",
        "webhook_deliveries",
        "webhooks",
        "history",
        "documents",
        "games",
        "processing",
        "reruns",
        "downloads",
        "stewardships",
        "stewardship_job_runs",
        "stewardship_notices",
        "stewardship_wakings",
        "workflows",
    }
    shown = projections["processes"]
    assert shown["position"] >= position
    assert (shown["lag"], shown["state"], shown["parked_streams"]) == (0, "live", 0)
    assert shown["last_error"] is None
    assert shown["version"] >= 1


@pytest.mark.parametrize(
    "path",
    [
        "audit/history",
        "audit/streams/run-1",
        "audit/streams/run-1/state",
        "audit/verify",
        "projections",
    ],
)
def test_only_admins_read_the_audit_trail(user_api: Api, path: str) -> None:
    response = user_api.http.get(f"/api/v1/{path}")
    assert_dashboard_error(response, 403, "permission_denied", "admin")


def test_a_changed_event_is_named_over_http_and_in_the_terminal(alone: Served) -> None:
    with alone.client() as client:
        api = Api(client)
        position = api.events(f"process-{api.create_process()}")[0]["position"]
        tamper(alone, position)
        verified = api.get("/api/v1/audit/verify")
    assert (verified["valid"], verified["first_bad_position"]) == (False, position)
    in_terminal = alone.run("audit", "verify")
    assert in_terminal.returncode == 1
    assert f"position {position}" in in_terminal.stderr


def tamper(served: Served, position: int) -> None:
    with psycopg.connect(served.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("ALTER TABLE events DISABLE TRIGGER events_append_only")
        connection.execute(
            "UPDATE events SET recorded_at = recorded_at + interval '1 day' "
            "WHERE notification_id = %s",
            (position,),
        )

"""What became of an aggregate between two of its versions or moments (contract section 12)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import assert_dashboard_error


@pytest.fixture(scope="module")
def run(api: Api) -> Json:
    """A run with five events: started, step began, run began, step succeeded, run completed."""
    run = api.start_run(
        api.create_process("only"), entity_name="Acme", meta={"region": "EU", "a/b~c": "odd"}
    )
    step = run["steps"][0]["id"]
    api.report(step, status="running", started_at="2025-10-03T10:00:00Z")
    api.report(step, status="success", finished_at="2025-10-03T10:30:00Z")
    return run


def diff(api: Api, run: Json, **points: Any) -> Json:
    shown: Json = api.get(f"/api/v1/audit/streams/run-{run['id']}/diff", **points)
    return shown


def changed(shown: Json) -> dict[str, tuple[str, Any, Any]]:
    return {
        change["path"]: (change["kind"], change["old"], change["new"])
        for change in shown["changes"]
    }


def test_between_two_versions_stand_the_changed_fields_and_the_events(api: Api, run: Json) -> None:
    shown = diff(api, run, **{"from": 1, "to": 3})
    step = run["steps"][0]["id"]
    assert (shown["stream_id"], shown["type"]) == (f"run-{run['id']}", "Run")
    assert (shown["from_version"], shown["to_version"]) == (1, 3)
    assert [event["type"] for event in shown["events"]] == ["StepRunBegan", "RunBegan"]
    assert shown["events"] == api.events(f"run-{run['id']}")[1:3]
    changes = changed(shown)
    assert changes["/status"] == ("changed", "pending", "running")
    assert changes[f"/steps/{step}/status"] == ("changed", "pending", "running")
    assert changes[f"/steps/{step}/started_at"] == ("changed", None, "2025-10-03T10:00:00Z")
    assert "/entity_id" not in changes


def test_by_default_the_last_version_stands_against_the_one_before(api: Api, run: Json) -> None:
    assert diff(api, run) == diff(api, run, **{"from": 4, "to": 5})
    assert diff(api, run, to=3) == diff(api, run, **{"from": 2, "to": 3})


def test_before_its_first_version_an_aggregate_has_no_field(api: Api, run: Json) -> None:
    changes = changed(diff(api, run, **{"from": 0, "to": 1}))
    assert {kind for kind, _, _ in changes.values()} == {"added"}
    assert changes["/entity_name"] == ("added", None, "Acme")


def test_moments_stand_for_the_versions_that_there_were(api: Api, run: Json) -> None:
    events = api.events(f"run-{run['id']}")
    began = datetime.fromisoformat(events[0]["recorded_at"])
    before = (began - timedelta(microseconds=1)).isoformat()
    shown = diff(api, run, **{"from": before, "to": events[-1]["recorded_at"]})
    assert (shown["from_version"], shown["to_version"]) == (0, 5)
    assert shown == diff(api, run, **{"from": 0, "to": 5})
    nothing = diff(api, run, **{"from": "2020-01-01", "to": before})
    assert (nothing["from_version"], nothing["to_version"]) == (0, 0)
    assert (nothing["changes"], nothing["events"]) == ([], [])


def test_a_field_with_an_odd_name_is_named_by_its_json_pointer(api: Api, run: Json) -> None:
    api.patch(f"/api/v1/runs/{run['id']}/metadata", {"meta": {"a/b~c": "odder"}})
    [(path, change)] = [
        (path, change) for path, change in changed(diff(api, run)).items() if "a~1b~0c" in path
    ]
    assert path.endswith("/a~1b~0c")
    assert change == ("changed", "odd", "odder")


def test_redacted_values_are_marked_and_not_shown(api: Api) -> None:
    run = api.start_run(
        api.create_process("only"), entity_name="Jane Doe", meta={"mail": "j@d.org"}
    )
    api.report(run["steps"][0]["id"], status="running")
    api.neutralize(run["id"])
    erasing = diff(api, run)
    assert changed(erasing)["/is_neutralized"] == ("changed", False, True)
    assert changed(erasing)["/entity_name"] == ("changed", "[REDACTED]", None)
    before = diff(api, run, **{"from": 1, "to": 2})
    assert {"/entity_id", "/entity_name"} <= set(before["redacted"])
    assert "/entity_id" not in changed(before)
    for shown in (erasing, before):
        assert "Jane" not in str(shown)
        assert "j@d.org" not in str(shown)


def test_secrets_are_not_shown(api: Api) -> None:
    user = api.register()["username"]
    shown = api.get(f"/api/v1/audit/streams/user-{user}/diff")
    assert changed(shown)["/password_hash"] == ("added", None, "[REDACTED]")
    assert "argon2" not in str(shown)


def test_a_version_that_is_not_yet_there_is_not_found(api: Api, run: Json) -> None:
    response = api.http.get(f"/api/v1/audit/streams/run-{run['id']}/diff", params={"to": 99})
    assert_dashboard_error(response, 404, "not_found", "has no version 99")


@pytest.mark.parametrize(
    ("points", "field"),
    [
        ({"from": 3, "to": 2}, "from"),
        ({"from": -1}, "from"),
        ({"from": ""}, "from"),
        ({"from": "noon"}, "from"),
        ({"to": 2**63}, "to"),
        ({"to": "9" * 5000}, "to"),
        ({"to": "٣"}, "to"),
        ({"to": "0001-01-01T00:00:00+14:00"}, "to"),
    ],
)
def test_a_point_that_is_none_is_refused_by_its_name(
    api: Api, run: Json, points: dict[str, Any], field: str
) -> None:
    response = api.http.get(f"/api/v1/audit/streams/run-{run['id']}/diff", params=points)
    assert response.status_code == 422
    assert field in response.text

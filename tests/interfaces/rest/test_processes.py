"""Processes and their steps (seed: Process Management, Step Management)."""

from datetime import datetime

import pytest

from tests.interfaces.api import Api, unique
from tests.interfaces.rest.problems import assert_dashboard_error

RERUN = {
    "subprocess_id": "data_extraction_v2",
    "api_endpoint": "https://api.external-system.com/process",
    "timeout_seconds": 300,
    "max_retries": 3,
    "retry_delays": [60, 120, 300],
    "failure_conditions": ["network_error", "timeout", "rate_limit"],
}


def test_a_created_process_is_shown_as_it_was_answered(api: Api) -> None:
    meta = {"department": "Customer Success", "version": "2.1.0", "nested": {"list": [1, None]}}
    response = api.http.post("/api/v1/processes/", json={"name": "Onboarding", "meta": meta})
    assert response.status_code == 201
    created = response.json()
    assert created.keys() == {"id", "name", "meta", "retention_months", "created_at", "updated_at"}
    assert (created["name"], created["meta"]) == ("Onboarding", meta)
    assert api.get(f"/api/v1/processes/{created['id']}") == created


def test_a_command_tells_where_the_log_stands_and_the_version_it_left(api: Api) -> None:
    first = api.http.post("/api/v1/processes/", json={"name": unique("p")})
    second = api.http.post("/api/v1/processes/", json={"name": unique("p")})
    positions = [int(response.headers["x-event-position"]) for response in (first, second)]
    assert positions[0] < positions[1]
    assert first.headers["etag"] == '"1"'


def test_a_resource_carries_the_version_of_its_last_change(api: Api) -> None:
    process = api.create_process("first", "second")
    assert api.http.get(f"/api/v1/processes/{process}").headers["etag"] == '"3"'


def test_adding_a_step_changes_its_process(api: Api) -> None:
    process = api.create_process()
    before = api.get(f"/api/v1/processes/{process}")
    api.add_step(process, 0, "only")
    after = api.get(f"/api/v1/processes/{process}")
    assert after["created_at"] == before["created_at"]
    assert after["updated_at"] > before["updated_at"]


def test_moments_are_shown_in_utc(api: Api) -> None:
    shown = api.get(f"/api/v1/processes/{api.create_process()}")
    assert shown["created_at"].endswith("Z")
    assert datetime.fromisoformat(shown["created_at"]) == datetime.fromisoformat(
        shown["updated_at"]
    )


def test_processes_are_listed_newest_first(api: Api) -> None:
    older, newer = api.create_process(), api.create_process()
    listed = [process["id"] for process in api.get("/api/v1/processes/")["items"]]
    assert listed[:2] == [newer, older]


def test_steps_are_listed_by_index_whatever_order_they_came_in(api: Api) -> None:
    process = api.create_process()
    for index in (7, 0, 3):
        api.add_step(process, index, f"step {index}")
    steps = api.get(f"/api/v1/steps/process/{process}")
    assert [step["index"] for step in steps] == [0, 3, 7]
    assert [step["name"] for step in steps] == ["step 0", "step 3", "step 7"]


def test_a_step_keeps_how_it_is_to_be_rerun(api: Api) -> None:
    process = api.create_process()
    added = api.add_step(process, 0, "extract", is_rerunnable=True, rerun_config=RERUN)
    assert added["rerun_config"] == RERUN
    assert api.get(f"/api/v1/steps/process/{process}") == [added]


def test_a_process_has_one_step_at_an_index(api: Api) -> None:
    process = api.create_process("first")
    response = api.http.post(
        "/api/v1/steps/", json={"process_id": process, "index": 0, "name": "again"}
    )
    assert_dashboard_error(response, 400, "business_rule_violation", "index 0")
    assert len(api.get(f"/api/v1/steps/process/{process}")) == 1


def test_a_step_needs_a_process_that_there_is(api: Api) -> None:
    response = api.http.post(
        "/api/v1/steps/", json={"process_id": 987654321, "index": 0, "name": "lost"}
    )
    assert_dashboard_error(response, 404, "not_found", "Process 987654321 not found")


@pytest.mark.parametrize("path", ["/api/v1/processes/987654321", "/api/v1/steps/process/987654321"])
def test_an_unknown_process_is_not_found(api: Api, path: str) -> None:
    assert_dashboard_error(api.http.get(path), 404, "not_found", "Process 987654321 not found")


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_slash_at_the_end_makes_no_difference(api: Api, slash: str) -> None:
    created = api.post(f"/api/v1/processes{slash}", {"name": unique("slash")})
    assert api.get(f"/api/v1/processes/{created['id']}{slash}") == created
    assert api.get(f"/api/v1/processes{slash}")["items"][0] == created


def test_unknown_fields_of_a_body_are_ignored(api: Api) -> None:
    created = api.post("/api/v1/processes/", {"name": "x", "id": 1, "created_at": "never"})
    assert created["id"] != 1
    assert created["created_at"] != "never"


def test_users_read_and_write_processes(user_api: Api) -> None:
    process = user_api.create_process("by a user")
    assert user_api.get(f"/api/v1/processes/{process}")["id"] == process

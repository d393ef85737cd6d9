"""What is deleted is hidden everywhere, and comes back whole (seed: Data Retention)."""

from collections.abc import Callable, Iterator

import pytest

from tests.interfaces.api import Api, Json, answered, unique
from tests.interfaces.rest.problems import assert_dashboard_error


@pytest.fixture
def process(api: Api) -> int:
    return api.create_process("first", "second")


@pytest.fixture
def run(api: Api, process: int) -> Json:
    started = api.start_run(process, entity_name=unique("Somebody"), meta={"priority": "high"})
    return api.report_all(started, "success", "running")


def paths_of_run(run: Json) -> Iterator[str]:
    yield f"/api/v1/runs/{run['id']}"
    yield f"/api/v1/step-runs/run/{run['id']}"
    yield f"/api/v1/step-runs/{run['steps'][0]['id']}"


def paths_of_process(process: int) -> Iterator[str]:
    yield f"/api/v1/processes/{process}"
    yield f"/api/v1/processes/{process}/searchable-fields"
    yield f"/api/v1/processes/{process}/filter-metadata"
    yield f"/api/v1/steps/process/{process}"
    yield f"/api/v1/steps/process/{process}/rerunnable"
    yield f"/api/v1/dashboard/process/{process}"
    yield f"/api/v1/dashboard/overview/{process}"


def finds_run(api: Api, run: Json) -> dict[str, int]:
    """Tell how many runs each way of looking for this one finds."""
    searches = {
        "entity_id": {"entity_id": run["entity_id"]},
        "name": {"entity_name": run["entity_name"]},
        "process": {"process_id": run["process_id"]},
        "status": {"process_id": run["process_id"], "status": run["status"]},
        "meta": {"process_id": run["process_id"], "meta_filter": "priority:high"},
    }
    found = {name: api.runs(**search)["total"] for name, search in searches.items()}
    found["words"] = api.get("/api/v1/runs/search", q=run["entity_id"])["total"]
    return found


def all_found(api: Api, run: Json, count: int) -> bool:
    return set(finds_run(api, run).values()) == {count}


def delete_run(api: Api, run: Json) -> None:
    answered(api.http.delete(f"/api/v1/runs/{run['id']}"), 200)


def delete_process(api: Api, run: Json) -> None:
    answered(api.http.delete(f"/api/v1/processes/{run['process_id']}"), 200)


def restore(api: Api, what: str, number: int) -> Json:
    return api.post(f"/api/v1/{what}/{number}/restore", {})


@pytest.mark.parametrize("delete", [delete_run, delete_process])
def test_a_deleted_run_is_hidden_from_every_query(
    api: Api, run: Json, delete: Callable[[Api, Json], None]
) -> None:
    assert all_found(api, run, 1)
    delete(api, run)
    assert all_found(api, run, 0)
    for path in paths_of_run(run):
        assert_dashboard_error(api.http.get(path), 404, "not_found")


@pytest.mark.parametrize("delete", [delete_run, delete_process])
def test_a_deleted_run_takes_no_command(
    api: Api, run: Json, delete: Callable[[Api, Json], None]
) -> None:
    delete(api, run)
    step = run["steps"][1]["id"]
    for response in (
        api.http.patch(f"/api/v1/step-runs/{step}", json={"status": "failed"}),
        api.http.post(f"/api/v1/step-runs/{step}/rerun"),
        api.http.patch(f"/api/v1/runs/{run['id']}/metadata", json={"meta": {"a": 1}}),
        api.http.post(f"/api/v1/runs/{run['id']}/cancel"),
        api.http.delete(f"/api/v1/runs/{run['id']}"),
    ):
        assert_dashboard_error(response, 404, "not_found")


def test_a_deleted_process_is_hidden_with_its_steps_and_takes_no_command(
    api: Api, process: int
) -> None:
    before = api.get("/api/v1/processes/")["total"]
    answered(api.http.delete(f"/api/v1/processes/{process}"), 200)

    assert api.get("/api/v1/processes/")["total"] == before - 1
    for path in paths_of_process(process):
        assert_dashboard_error(api.http.get(path), 404, "not_found")
    for response in (
        api.http.post("/api/v1/runs/", json={"process_id": process, "entity_id": "x"}),
        api.http.post("/api/v1/steps/", json={"process_id": process, "index": 9, "name": "x"}),
        api.http.put(f"/api/v1/processes/{process}/retention", json={"retention_months": 6}),
        api.http.delete(f"/api/v1/processes/{process}"),
    ):
        assert_dashboard_error(response, 404, "not_found")


def test_a_restored_run_is_as_it_was(api: Api, process: int, run: Json) -> None:
    dashboard = api.get(f"/api/v1/dashboard/process/{process}")
    fields = api.get(f"/api/v1/processes/{process}/filter-metadata")
    delete_run(api, run)
    restored = restore(api, "runs", run["id"])

    assert restored | {"updated_at": run["updated_at"]} == run
    assert all_found(api, run, 1)
    assert api.get(f"/api/v1/dashboard/process/{process}") == dashboard
    assert api.get(f"/api/v1/processes/{process}/filter-metadata") == fields


def test_a_restored_process_brings_back_what_was_hidden_with_it_and_nothing_else(
    api: Api, process: int, run: Json
) -> None:
    gone = api.start_run(process)
    delete_run(api, gone)
    delete_process(api, run)
    refused = api.http.post(f"/api/v1/runs/{gone['id']}/restore")
    assert_dashboard_error(refused, 400, "business_rule_violation")
    restore(api, "processes", process)

    assert api.run(run["id"]) == run
    assert all_found(api, run, 1)
    assert_dashboard_error(api.http.get(f"/api/v1/runs/{gone['id']}"), 404, "not_found")


def test_deleted_runs_do_not_count(api: Api, process: int, run: Json) -> None:
    delete_run(api, run)
    statistics = api.get(f"/api/v1/dashboard/process/{process}")["statistics"]
    assert (statistics["total_runs"], statistics["running_runs"]) == (0, 0)
    assert api.get(f"/api/v1/processes/{process}/filter-metadata")["metadata_filters"] == {}


def test_restoring_what_is_not_deleted_changes_nothing(api: Api, run: Json) -> None:
    assert restore(api, "runs", run["id"]) == run
    assert_dashboard_error(api.http.post("/api/v1/runs/999999/restore"), 404, "not_found")


def test_the_history_tells_who_deleted_and_restored(api: Api, run: Json) -> None:
    delete_run(api, run)
    restore(api, "runs", run["id"])
    last = api.events(f"run-{run['id']}")[-2:]
    assert [event["type"] for event in last] == ["RunDeleted", "RunRestored"]
    assert all(event["actor"].startswith("api_key:") for event in last)


def test_deleting_and_restoring_are_for_admins(user_api: Api, run: Json) -> None:
    for response in (
        user_api.http.delete(f"/api/v1/runs/{run['id']}"),
        user_api.http.post(f"/api/v1/runs/{run['id']}/restore"),
        user_api.http.delete(f"/api/v1/processes/{run['process_id']}"),
        user_api.http.post(f"/api/v1/processes/{run['process_id']}/restore"),
    ):
        assert_dashboard_error(response, 403, "permission_denied")

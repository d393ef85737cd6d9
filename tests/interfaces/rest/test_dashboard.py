"""A process at a glance (seed: Dashboard Integration). The numbers are worked out by hand."""

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import assert_dashboard_error

NO_RUNS = {
    "total_runs": 0,
    "completed_runs": 0,
    "failed_runs": 0,
    "running_runs": 0,
    "pending_runs": 0,
    "cancelled_runs": 0,
    "average_completion_time": None,
}
NO_RUNS_COUNTED = {name: 0 for name in NO_RUNS if name != "average_completion_time"}


def dashboard(api: Api, process: int) -> Json:
    shown: Json = api.get(f"/api/v1/dashboard/process/{process}")
    return shown


def complete(api: Api, run: Json, began: str, ended: str) -> None:
    """Let each step of a run succeed within the same time of a day."""
    for step in run["steps"]:
        api.report(
            step["id"],
            status="success",
            started_at=f"2025-10-03T{began}Z",
            finished_at=f"2025-10-03T{ended}Z",
        )


def test_a_process_without_runs_has_nothing_but_zeros(api: Api) -> None:
    process = api.create_process("one", "two", name="Onboarding")
    assert dashboard(api, process) == {
        "process": {"id": process, "name": "Onboarding", "total_steps": 2},
        "runs": [],
        "statistics": NO_RUNS,
    }


def test_runs_are_counted_by_their_status(api: Api) -> None:
    process = api.create_process("one", "two")
    for steps in (
        ("success", "success"),
        ("success", "optional"),
        ("success", "failed"),
        ("failed", "failed"),
        ("failed", "pending"),
        ("running", "pending"),
        ("success", "cancelled"),
    ):
        api.report_all(api.start_run(process), *steps)
    api.start_run(process)
    counted = dashboard(api, process)["statistics"]
    counted.pop("average_completion_time")
    assert counted == {
        "total_runs": 8,
        "completed_runs": 2,
        "failed_runs": 3,
        "running_runs": 1,
        "pending_runs": 1,
        "cancelled_runs": 1,
    }


def test_a_run_that_changes_its_status_moves_from_one_count_to_the_other(api: Api) -> None:
    process = api.create_process("only")
    run = api.start_run(process)
    for status, counter in (
        ("running", "running_runs"),
        ("failed", "failed_runs"),
        ("success", "completed_runs"),
        ("cancelled", "cancelled_runs"),
        ("pending", "pending_runs"),
    ):
        api.report_all(run, status)
        counted = dashboard(api, process)["statistics"]
        counted.pop("average_completion_time")
        assert counted == NO_RUNS_COUNTED | {"total_runs": 1, counter: 1}


def test_the_average_is_over_the_completed_runs(api: Api) -> None:
    process = api.create_process("one", "two")
    complete(api, api.start_run(process), "10:00:00", "10:10:00")
    assert average(api, process) == "00:10:00"
    complete(api, api.start_run(process), "10:00:00", "12:00:05")
    assert average(api, process) == "01:05:02"  # 7805 seconds by two, to the even second
    api.report_all(api.start_run(process), "failed", "failed")
    assert average(api, process) == "01:05:02"


def test_a_completed_run_whose_times_are_put_right_is_counted_once(api: Api) -> None:
    process = api.create_process("only")
    run = api.start_run(process)
    complete(api, run, "10:00:00", "10:10:00")
    complete(api, run, "10:00:00", "10:20:00")
    assert average(api, process) == "00:20:00"
    assert dashboard(api, process)["statistics"]["completed_runs"] == 1


def test_an_average_of_more_than_a_day_is_in_hours(api: Api) -> None:
    process = api.create_process("only")
    step = api.start_run(process)["steps"][0]["id"]
    api.report(
        step,
        status="success",
        started_at="2025-10-01T00:00:00Z",
        finished_at="2025-10-06T04:00:09Z",
    )
    assert average(api, process) == "124:00:09"


def test_the_newest_runs_are_shown_with_their_success(api: Api) -> None:
    process = api.create_process("one", "two")
    older = api.report_all(api.start_run(process, entity_name="Older"), "success", "success")
    newer = api.report_all(api.start_run(process), "success", "failed")
    assert dashboard(api, process)["runs"] == [
        {"id": newer["id"], "entity_name": None, "status": "failed", "success_rate": 50.0},
        {"id": older["id"], "entity_name": "Older", "status": "completed", "success_rate": 100.0},
    ]


def test_runs_of_other_processes_do_not_count(api: Api) -> None:
    process, other = api.create_process("only"), api.create_process("only")
    api.start_run(other)
    assert dashboard(api, process)["statistics"] == NO_RUNS


def test_a_neutralized_run_still_counts(api: Api) -> None:
    process = api.create_process("only")
    run = api.report_all(api.start_run(process, entity_name="Jane Doe"), "success")
    api.neutralize(run["id"])
    shown = dashboard(api, process)
    assert shown["statistics"]["completed_runs"] == 1
    assert shown["runs"][0]["entity_name"] is None


def test_an_unknown_process_has_no_dashboard(api: Api) -> None:
    response = api.http.get("/api/v1/dashboard/process/987654321")
    assert_dashboard_error(response, 404, "not_found", "Process 987654321 not found")


def average(api: Api, process: int) -> object:
    return dashboard(api, process)["statistics"]["average_completion_time"]

"""Reporting on step runs, and what becomes of their run (contract section 7)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import assert_dashboard_error

BEGAN, ENDED = "2025-10-03T10:15:00Z", "2025-10-03T10:17:30Z"


@pytest.fixture(scope="module")
def process(api: Api) -> int:
    return api.create_process("one", "two")


@pytest.fixture
def run(api: Api, process: int) -> Json:
    return api.start_run(process)


def test_a_report_is_shown_as_it_was_answered(api: Api, run: Json) -> None:
    step = run["steps"][0]
    meta = {"processing_time_ms": 150000, "error_details": None, "output": "s3://bucket/a.json"}
    response = api.http.patch(
        f"/api/v1/step-runs/{step['id']}",
        json={"status": "success", "started_at": BEGAN, "finished_at": ENDED, "meta": meta},
    )
    assert response.status_code == 200
    assert int(response.headers["x-event-position"]) > 0
    reported = response.json()
    assert reported == step | {
        "status": "success",
        "started_at": BEGAN,
        "finished_at": ENDED,
        "meta": meta,
    }
    assert api.get(f"/api/v1/step-runs/{step['id']}") == reported
    assert api.run(run["id"])["steps"][0] == reported


def test_what_a_report_leaves_out_stays_as_it_was(api: Api, run: Json) -> None:
    step = run["steps"][0]["id"]
    before = api.report(step, status="running", started_at=BEGAN, meta={"try": 1})
    after = api.report(step, status="success", finished_at=ENDED)
    assert after == before | {"status": "success", "finished_at": ENDED}


def test_a_report_that_changes_nothing_records_nothing(api: Api, run: Json) -> None:
    step = run["steps"][0]["id"]
    report = {"status": "success", "started_at": BEGAN, "finished_at": ENDED, "meta": {"a": 1}}
    api.report(step, **report)
    recorded = len(api.events(f"run-{run['id']}"))
    api.report(step, **report)
    api.report(step)
    assert len(api.events(f"run-{run['id']}")) == recorded


def test_times_of_any_offset_are_kept_in_utc(api: Api, run: Json) -> None:
    step = run["steps"][0]["id"]
    reported = api.report(
        step,
        status="success",
        started_at="2025-10-03T12:15:00+02:00",
        finished_at="2025-10-03T10:17:30",
    )
    assert (reported["started_at"], reported["finished_at"]) == (BEGAN, ENDED)
    assert api.get(f"/api/v1/step-runs/{step}") == reported


@pytest.mark.parametrize(
    "times",
    [
        {"started_at": ENDED, "finished_at": BEGAN},
        {"started_at": "9999-12-31T23:59:59Z", "finished_at": "0001-01-01T00:00:00Z"},
    ],
)
def test_a_step_does_not_end_before_it_began(api: Api, run: Json, times: dict[str, str]) -> None:
    step = run["steps"][0]["id"]
    response = api.http.patch(f"/api/v1/step-runs/{step}", json={"status": "success"} | times)
    assert_dashboard_error(response, 400, "business_rule_violation", "finished_at")
    assert api.run(run["id"]) == run


def test_the_longest_run_there_can_be_is_shown(api: Api, run: Json) -> None:
    for step in run["steps"]:
        api.report(
            step["id"],
            status="success",
            started_at="0001-01-01T00:00:00Z",
            finished_at="9999-12-31T23:59:59.999999Z",
        )
    shown = api.run(run["id"])
    assert shown["started_at"] == "0001-01-01T00:00:00Z"
    assert shown["finished_at"] == "9999-12-31T23:59:59.999999Z"


def test_an_unknown_step_run_takes_no_report(api: Api) -> None:
    response = api.http.patch("/api/v1/step-runs/987654321", json={"status": "running"})
    assert_dashboard_error(response, 404, "not_found", "Step run 987654321 not found")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (("pending", "pending"), "pending"),
        (("running", "pending"), "running"),
        (("success", "pending"), "running"),
        (("optional", "pending"), "running"),
        (("success", "running"), "running"),
        (("optional", "running"), "running"),
        (("success", "success"), "completed"),
        (("optional", "success"), "completed"),
        (("optional", "optional"), "pending"),
        (("failed", "pending"), "failed"),
        (("failed", "running"), "failed"),
        (("failed", "success"), "failed"),
        (("failed", "cancelled"), "failed"),
        (("cancelled", "pending"), "cancelled"),
        (("cancelled", "running"), "cancelled"),
        (("cancelled", "success"), "cancelled"),
        (("cancelled", "optional"), "cancelled"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_status_of_a_run_follows_from_its_steps_in_any_order(
    api: Api, run: Json, steps: tuple[str, str], expected: str, turned: bool
) -> None:
    shown = api.report_all(run, *(reversed(steps) if turned else steps))
    assert shown["status"] == expected
    assert [found["status"] for found in api.runs(process_id=run["process_id"])["items"]][:1] == [
        expected
    ]


@pytest.mark.parametrize(
    ("reports", "started_at", "finished_at"),
    [
        ([("running", "10:00", None), None], "10:00", None),
        ([("success", "10:00", "10:05"), None], "10:00", None),
        ([("success", "10:00", "10:05"), ("success", "10:05", "10:30")], "10:00", "10:30"),
        ([("success", "10:20", "10:25"), ("optional", "10:00", "10:10")], "10:00", "10:25"),
        ([("failed", "10:00", "10:05"), None], "10:00", "10:05"),
        ([("cancelled", "10:01", "10:02"), ("success", "10:00", "10:09")], "10:00", "10:09"),
    ],
)
def test_a_run_begins_with_its_first_step_and_ends_with_its_last(
    api: Api,
    run: Json,
    reports: list[tuple[str, str, str | None] | None],
    started_at: str,
    finished_at: str | None,
) -> None:
    for step, report in zip(run["steps"], reports, strict=True):
        if report is not None:
            status, began, ended = report
            api.report(step["id"], status=status, started_at=clock(began), finished_at=clock(ended))
    shown = api.run(run["id"])
    assert shown["started_at"] == clock(started_at)
    assert shown["finished_at"] == clock(finished_at)


def test_a_failed_run_that_is_put_right_completes(api: Api, run: Json) -> None:
    assert api.report_all(run, "success", "failed")["status"] == "failed"
    put_right = api.report_all(run, "success", "running")
    assert (put_right["status"], put_right["finished_at"]) == ("running", None)
    assert api.report_all(run, "success", "success")["status"] == "completed"


def test_reports_that_come_at_once_are_all_recorded(api: Api) -> None:
    run = api.start_run(api.create_process(*(f"step {number}" for number in range(12))))
    with ThreadPoolExecutor(12) as executors:
        reported = list(
            executors.map(lambda step: api.report(step["id"], status="success"), run["steps"])
        )
    assert {step["status"] for step in reported} == {"success"}
    shown = api.run(run["id"])
    assert (shown["status"], shown["success_rate"]) == ("completed", 100.0)


def test_a_step_that_returns_to_pending_has_no_times(api: Api, run: Json) -> None:
    api.report_all(run, "success", "pending")
    shown = api.report_all(run, "pending", "pending")
    assert shown["status"] == "pending"
    assert (shown["started_at"], shown["finished_at"]) == (None, None)


@pytest.mark.parametrize(
    ("steps", "rate"),
    [
        (("pending", "pending"), 0.0),
        (("success", "pending"), 50.0),
        (("success", "optional"), 50.0),
        (("success", "failed"), 50.0),
        (("success", "success"), 100.0),
    ],
)
def test_the_success_rate_is_the_percentage_of_steps_that_succeeded(
    api: Api, run: Json, steps: tuple[str, str], rate: float
) -> None:
    assert api.report_all(run, *steps)["success_rate"] == rate


def test_the_success_rate_of_a_third_is_rounded(api: Api) -> None:
    run = api.start_run(api.create_process("one", "two", "three"))
    assert api.report_all(run, "success", "failed", "pending")["success_rate"] == 33.33


def clock(time: str | None) -> Any:
    return time and f"2025-10-03T{time}:00Z"

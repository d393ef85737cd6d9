"""Reruns against an executor that fails, hangs, is busy and then succeeds (seed: Rerun System)."""

from typing import Any

from tests.faults.homes import wait_until
from tests.interfaces.api import Api, Json
from tests.interfaces.executor import Executor, executor

ATTEMPTS = ("RerunAttemptBegan", "RerunAttemptFailed", "RerunAttemptSucceeded")


def failed_step(api: Api, url: str, **config: Any) -> Json:
    """Given a run whose step failed, and an executor that it can be rerun by."""
    process = api.create_process()
    settings = {
        "api_endpoint": url,
        "subprocess_id": "data_extraction_v2",
        "timeout_seconds": 1,
        "retry_delays": [0, 0, 1],
        "failure_conditions": ["network_error", "timeout", "rate_limit", "server_error"],
    }
    api.add_step(process, 0, "remote", is_rerunnable=True, rerun_config=settings | config)
    run = api.start_run(process, entity_id="CUST-7", meta={"priority": "high"})
    api.report(run["steps"][0]["id"], status="failed")
    step: Json = run["steps"][0]
    return step


def rerun(api: Api, step: Json) -> int:
    answer = api.post(f"/api/v1/step-runs/{step['id']}/rerun", {"meta": {"rerun_reason": "again"}})
    step_run_id: int = answer["id"]
    return step_run_id


def status(api: Api, step_run_id: int) -> str:
    shown: str = api.get(f"/api/v1/step-runs/{step_run_id}")["status"]
    return shown


def attempts(api: Api, run_id: int) -> list[tuple[str, int, str | None]]:
    """Then these attempts are in the history."""
    return [
        (event["type"], event["data"]["attempt"], event["data"].get("condition"))
        for event in api.events(f"run-{run_id}")
        if event["type"] in ATTEMPTS
    ]


def test_every_attempt_is_made_in_turn_and_in_the_history(api: Api) -> None:
    with executor(500, "hang", 429, 200) as outside:
        step = failed_step(api, outside.url)
        step_run = rerun(api, step)
        wait_until(lambda: status(api, step_run) == "success", "a step run that succeeded")

    assert attempts(api, step["run_id"]) == [
        ("RerunAttemptBegan", 1, None),
        ("RerunAttemptFailed", 1, "server_error"),
        ("RerunAttemptBegan", 2, None),
        ("RerunAttemptFailed", 2, "timeout"),
        ("RerunAttemptBegan", 3, None),
        ("RerunAttemptFailed", 3, "rate_limit"),
        ("RerunAttemptBegan", 4, None),
        ("RerunAttemptSucceeded", 4, None),
    ]
    assert api.run(step["run_id"])["status"] == "completed"
    assert api.get(f"/api/v1/step-runs/{step_run}")["meta"]["result"] == {"records": 7}
    assert set(outside.keys) == {f"step-run-{step_run}"}
    assert_asked_as_documented(outside, step, step_run)
    requested = next(
        event for event in api.events(f"run-{step['run_id']}") if "Requested" in event["type"]
    )
    assert set(outside.correlations) == {requested["correlation_id"]}


def assert_asked_as_documented(outside: Executor, step: Json, step_run: int) -> None:
    assert [asked["attempt"] for asked in outside.asked] == [1, 2, 3, 4]
    first = outside.asked[0]
    assert first["subprocess_id"] == "data_extraction_v2"
    assert first["entity_id"] == "CUST-7"
    assert first["meta"] == {"priority": "high"}
    assert first["rerun_meta"] == {"rerun_reason": "again"}
    assert first["step_run_id"] == step_run
    assert first["original_step_run_id"] == step["id"]


def test_a_failure_that_is_not_listed_ends_the_rerun(api: Api) -> None:
    with executor(400) as outside:
        step = failed_step(api, outside.url)
        step_run = rerun(api, step)
        wait_until(lambda: status(api, step_run) == "failed", "a step run that failed")
    assert attempts(api, step["run_id"])[-1] == ("RerunAttemptFailed", 1, "rejected")
    assert len(outside.asked) == 1


def test_retries_end_with_the_delays(api: Api) -> None:
    with executor(503) as outside:
        step = failed_step(api, outside.url, retry_delays=[0])
        step_run = rerun(api, step)
        wait_until(lambda: status(api, step_run) == "failed", "a step run that failed")
    assert len(outside.asked) == 2


def test_an_executor_that_takes_the_step_over_reports_by_itself(api: Api) -> None:
    with executor(202) as outside:
        step_run = rerun(api, failed_step(api, outside.url))
        wait_until(
            lambda: bool(outside.asked) and status(api, step_run) == "running",
            "a step run that is under way",
        )
        api.report(step_run, status="success")
    assert status(api, step_run) == "success"


def test_nobody_there_is_a_network_error(api: Api) -> None:
    with executor(200) as gone:
        pass
    step = failed_step(api, gone.url, retry_delays=[])
    step_run = rerun(api, step)
    wait_until(lambda: status(api, step_run) == "failed", "a step run that failed")
    assert attempts(api, step["run_id"])[-1] == ("RerunAttemptFailed", 1, "network_error")


def test_a_run_that_was_neutralized_meanwhile_is_sent_nowhere(api: Api) -> None:
    with executor(503, 200) as outside:
        step = failed_step(api, outside.url, retry_delays=[2])
        step_run = rerun(api, step)
        wait_until(lambda: len(outside.asked) == 1, "the executor being asked")
        api.neutralize(step["run_id"])
        wait_until(lambda: status(api, step_run) == "failed", "a step run that failed")
    assert len(outside.asked) == 1


def test_a_run_that_was_deleted_meanwhile_is_sent_nowhere_and_can_be_rerun_later(
    api: Api,
) -> None:
    with executor(503, 200) as outside:
        step = failed_step(api, outside.url, retry_delays=[1])
        step_run = rerun(api, step)
        wait_until(lambda: len(outside.asked) == 1, "the executor being asked")
        api.http.delete(f"/api/v1/runs/{step['run_id']}")
        wait_until(
            lambda: attempts(api, step["run_id"])[-1][:2] == ("RerunAttemptFailed", 2),
            "the attempt to fail",
        )
        api.post(f"/api/v1/runs/{step['run_id']}/restore", {})
        assert status(api, step_run) == "failed"
        assert len(outside.asked) == 1
        again = rerun(api, {"id": step_run})
        wait_until(lambda: status(api, again) == "success", "a step run that succeeded")

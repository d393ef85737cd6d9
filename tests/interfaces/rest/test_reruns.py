"""A failed step is run again (seed: Rerun Failed Step, Get Rerunnable Steps)."""

import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import assert_dashboard_error

SEED_BODY = {
    "meta": {
        "rerun_reason": "Temporary network issue resolved",
        "initiated_by": "admin.user",
        "rerun_strategy": "full_retry",
    }
}


@pytest.fixture
def process(api: Api) -> int:
    process = api.create_process("fixed")
    api.add_step(process, 1, "again", is_rerunnable=True)
    return process


@pytest.fixture
def failed(api: Api, process: int) -> Json:
    """A step run that failed, and can be rerun by somebody outside."""
    run = api.start_run(process)
    return api.report_all(run, "success", "failed")["steps"][1]  # type: ignore[no-any-return]


def rerun(api: Api, step_run: Json, **body: object) -> Json:
    return api.post(f"/api/v1/step-runs/{step_run['id']}/rerun", body)


def test_the_answer_is_the_seeds(api: Api, failed: Json) -> None:
    response = api.http.post(f"/api/v1/step-runs/{failed['id']}/rerun", json=SEED_BODY)
    assert response.status_code == 201
    answer = response.json()
    assert answer.keys() == {"id", "original_step_run_id", "status", "created_at", "message"}
    assert answer["original_step_run_id"] == failed["id"]
    assert answer["status"] == "pending"
    assert answer["message"] == "Step rerun initiated successfully"
    assert "X-Event-Position" in response.headers


def test_the_rerun_stands_beside_the_original_and_waits_for_an_executor(
    api: Api, failed: Json
) -> None:
    answer = rerun(api, failed, **SEED_BODY)
    shown = api.get(f"/api/v1/step-runs/{answer['id']}")
    assert shown["meta"] == SEED_BODY["meta"]
    assert (shown["name"], shown["index"], shown["status"]) == ("again", 1, "pending")
    assert shown["original_step_run_id"] == failed["id"]
    steps = api.run(failed["run_id"])["steps"]
    assert [step["status"] for step in steps] == ["success", "failed", "pending"]
    assert api.run(failed["run_id"])["status"] == "running"


def test_a_rerun_that_succeeds_completes_the_run_with_all_steps(api: Api, failed: Json) -> None:
    api.report(rerun(api, failed)["id"], status="success")
    run = api.run(failed["run_id"])
    assert (run["status"], run["success_rate"], run["failed_at"]) == ("completed", 100.0, None)


def test_what_cannot_be_rerun_is_refused(api: Api, process: int, failed: Json) -> None:
    run = api.report_all(api.start_run(process), "failed", "success")
    for step_run, reason in (
        (run["steps"][0], "not rerunnable"),
        (run["steps"][1], "only a failed one"),
    ):
        response = api.http.post(f"/api/v1/step-runs/{step_run['id']}/rerun")
        assert_dashboard_error(response, 400, "business_rule_violation", reason)
    rerun(api, failed)
    response = api.http.post(f"/api/v1/step-runs/{failed['id']}/rerun")
    assert_dashboard_error(response, 400, "business_rule_violation", "rerun already")
    response = api.http.post("/api/v1/step-runs/999999/rerun")
    assert_dashboard_error(response, 404, "not_found", "999999")


def test_a_step_is_rerun_as_often_as_it_is_configured(api: Api) -> None:
    process = api.create_process()
    api.add_step(process, 0, "once", is_rerunnable=True, rerun_config={"max_retries": 1})
    run = api.report_all(api.start_run(process), "failed")
    again = rerun(api, run["steps"][0])
    api.report(again["id"], status="failed")
    response = api.http.post(f"/api/v1/step-runs/{again['id']}/rerun")
    assert_dashboard_error(response, 400, "business_rule_violation", "maximum")


def test_rerunnable_steps_are_listed(api: Api, process: int) -> None:
    rerunnable = api.get(f"/api/v1/steps/process/{process}/rerunnable")
    assert [step["name"] for step in rerunnable] == ["again"]
    assert len(api.get(f"/api/v1/steps/process/{process}")) == 2


def test_the_seeds_rerun_config_is_kept(api: Api, process: int) -> None:
    config = {
        "subprocess_id": "data_extraction_v2",
        "api_endpoint": "https://api.external-system.com/process",
        "timeout_seconds": 300,
        "max_retries": 3,
        "retry_delays": [60, 120, 300],
        "failure_conditions": ["network_error", "timeout", "rate_limit"],
    }
    step = api.add_step(process, 2, "remote", is_rerunnable=True, rerun_config=config)
    assert step["rerun_config"] == config
    assert api.get(f"/api/v1/steps/process/{process}/rerunnable")[1]["rerun_config"] == config

"""A chain of causes across streams: each event beneath what led to it (contract section 12)."""

from typing import Any

from tests.faults.homes import wait_until
from tests.interfaces.api import Api, Json, unique
from tests.interfaces.executor import executor
from tests.interfaces.rest.problems import assert_dashboard_error


def trace(api: Api, correlation_id: str) -> Json:
    shown: Json = api.get(f"/api/v1/audit/trace/{correlation_id}")
    return shown


def tree(events: list[Json]) -> list[Any]:
    """Types alone: an event that led to others as a pair with them."""
    return [
        (event["type"], tree(event["caused"])) if event["caused"] else event["type"]
        for event in events
    ]


def sent(api: Api, chain: str, method: str, path: str, body: Json) -> Json:
    response = api.http.request(method, path, json=body, headers={"X-Correlation-ID": chain})
    assert response.is_success, response.text
    answer: Json = response.json()
    return answer


def test_a_chain_is_shown_request_by_request_across_streams(api: Api) -> None:
    chain = unique("order")
    process = sent(api, chain, "POST", "/api/v1/processes/", {"name": unique("process")})["id"]
    step = {"process_id": process, "index": 0, "name": "only"}
    sent(api, chain, "POST", "/api/v1/steps/", step)
    run = sent(api, chain, "POST", "/api/v1/runs/", {"process_id": process, "entity_id": "e"})
    step_run = f"/api/v1/step-runs/{run['steps'][0]['id']}"
    sent(api, chain, "PATCH", step_run, {"status": "success"})

    shown = trace(api, chain)

    assert (shown["correlation_id"], shown["events"], shown["is_complete"]) == (chain, 5, True)
    assert [tree(origin["events"]) for origin in shown["origins"]] == [
        ["ProcessCreated"],
        ["StepAdded"],
        ["RunStarted"],
        ["StepRunSucceeded", "RunCompleted"],
    ]
    assert {origin["actor"] for origin in shown["origins"]} == {"api_key:1"}
    assert len({origin["request_id"] for origin in shown["origins"]}) == 4
    streams = [event["stream_id"] for origin in shown["origins"] for event in origin["events"]]
    assert streams == [f"process-{process}"] * 2 + [f"run-{run['id']}"] * 3


def test_what_followed_in_the_background_hangs_beneath_its_cause(api: Api) -> None:
    process = api.create_process()
    with executor(500, 500, 200) as outside:
        config = {
            "api_endpoint": outside.url,
            "retry_delays": [0, 0],
            "failure_conditions": ["server_error"],
        }
        api.add_step(process, 0, "remote", is_rerunnable=True, rerun_config=config)
        run = api.start_run(process)
        step_run = run["steps"][0]["id"]
        api.report(step_run, status="failed")
        chain = unique("again")
        rerun = sent(api, chain, "POST", f"/api/v1/step-runs/{step_run}/rerun", {"meta": {}})["id"]
        wait_until(
            lambda: api.get(f"/api/v1/step-runs/{rerun}")["status"] == "success",
            "a step run that succeeded",
        )

    [origin] = trace(api, chain)["origins"]

    began = ["RerunAttemptBegan"]
    last = [*began, "RerunAttemptSucceeded", "StepRunSucceeded", "RunCompleted"]
    second = [*began, ("RerunAttemptFailed", last)]
    first = [*began, "StepRunBegan", "RunBegan", ("RerunAttemptFailed", second)]
    assert tree(origin["events"])[0] == ("StepRerunRequested", first)
    assert (origin["actor"], origin["causation_id"]) == ("api_key:1", None)
    [attempt, *_] = origin["events"][0]["caused"]
    assert attempt["actor"] == "system"


def test_a_chain_that_is_not_there_is_not_found(api: Api) -> None:
    response = api.http.get("/api/v1/audit/trace/nothing-of-the-kind")
    assert_dashboard_error(response, 404, "not_found", "nothing-of-the-kind")


def test_what_annals_does_by_itself_is_a_chain_too(api: Api) -> None:
    [first] = api.get("/api/v1/audit/history", stream="user-admin", size=1)["items"][-1:]
    shown = trace(api, first["correlation_id"])
    [origin] = shown["origins"]
    assert (origin["actor"], origin["request_id"]) == ("system", None)

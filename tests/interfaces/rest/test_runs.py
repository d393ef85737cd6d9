"""Starting runs and reading them (seed: Process Execution Management)."""

import pytest

from tests.interfaces.api import Api
from tests.interfaces.rest.problems import assert_dashboard_error


def test_a_started_run_is_shown_as_it_was_answered(api: Api) -> None:
    process = api.create_process("one", "two")
    meta = {"priority": "high", "customer": {"id": 7, "tags": ["a", "b"]}, "paid": True}
    response = api.http.post(
        "/api/v1/runs/",
        json={
            "process_id": process,
            "entity_id": "CUST-001",
            "entity_name": "Acme Corporation",
            "meta": meta,
        },
    )
    assert response.status_code == 201
    started = response.json()
    assert started["process_id"] == process
    assert started["entity_id"] == "CUST-001"
    assert started["entity_name"] == "Acme Corporation"
    assert started["meta"] == meta
    assert started["status"] == "pending"
    assert (started["started_at"], started["finished_at"]) == (None, None)
    assert started["is_neutralized"] is False
    assert api.run(started["id"]) == started
    assert api.http.get(f"/api/v1/runs/{started['id']}").headers["etag"] == '"1"'


def test_a_run_starts_with_a_pending_step_run_for_each_step_in_index_order(api: Api) -> None:
    process = api.create_process()
    steps = {index: api.add_step(process, index, f"step {index}")["id"] for index in (5, 1, 3)}
    run = api.start_run(process)
    assert [step["index"] for step in run["steps"]] == [1, 3, 5]
    assert [step["step_id"] for step in run["steps"]] == [steps[1], steps[3], steps[5]]
    assert [step["name"] for step in run["steps"]] == ["step 1", "step 3", "step 5"]
    assert {step["status"] for step in run["steps"]} == {"pending"}
    ids = [step["id"] for step in run["steps"]]
    assert ids == sorted(set(ids))


def test_the_step_runs_of_a_run_are_listed_and_shown_one_by_one(api: Api) -> None:
    run = api.start_run(api.create_process("one", "two"))
    assert api.get(f"/api/v1/step-runs/run/{run['id']}") == run["steps"]
    for step in run["steps"]:
        assert api.get(f"/api/v1/step-runs/{step['id']}") == step


def test_a_run_keeps_the_steps_of_the_moment_it_started(api: Api) -> None:
    process = api.create_process("one")
    before = api.start_run(process)
    api.add_step(process, 1, "two")
    after = api.start_run(process)
    assert [step["name"] for step in api.run(before["id"])["steps"]] == ["one"]
    assert [step["name"] for step in after["steps"]] == ["one", "two"]


def test_a_run_of_a_process_without_steps_stays_pending(api: Api) -> None:
    run = api.start_run(api.create_process())
    assert (run["status"], run["steps"], run["success_rate"]) == ("pending", [], 0.0)


def test_entity_name_and_meta_may_be_left_out(api: Api) -> None:
    run = api.start_run(api.create_process())
    assert (run["entity_name"], run["meta"]) == (None, {})


def test_several_runs_may_be_for_one_entity(api: Api) -> None:
    process = api.create_process()
    runs = [api.start_run(process, entity_id="same") for _ in range(2)]
    assert runs[0]["id"] < runs[1]["id"]
    assert api.found(process_id=process, entity_id="same") == ["same", "same"]


def test_a_run_in_a_list_has_the_fields_of_the_run_without_its_steps(api: Api) -> None:
    process = api.create_process("one")
    run = api.start_run(process, entity_name="Acme", meta={"a": 1})
    run.pop("steps")
    assert api.runs(process_id=process)["items"] == [run]


def test_a_run_needs_a_process_that_there_is(api: Api) -> None:
    response = api.http.post("/api/v1/runs/", json={"process_id": 987654321, "entity_id": "x"})
    assert_dashboard_error(response, 404, "not_found", "Process 987654321 not found")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/v1/runs/987654321", "Run 987654321 not found"),
        ("/api/v1/step-runs/987654321", "Step run 987654321 not found"),
        ("/api/v1/step-runs/run/987654321", "Run 987654321 not found"),
    ],
)
def test_what_does_not_exist_is_not_found(api: Api, path: str, said: str) -> None:
    assert_dashboard_error(api.http.get(path), 404, "not_found", said)


@pytest.mark.parametrize(
    "name",
    ["Ærøskøbing 株式会社 🙂", "'; DROP TABLE runs; --", "a\tb\nc", '"quoted" \\ <b>', " spaces "],
)
def test_text_comes_back_as_it_was_sent(api: Api, name: str) -> None:
    run = api.start_run(api.create_process(), entity_name=name, meta={name: name})
    shown = api.run(run["id"])
    assert (shown["entity_name"], shown["meta"]) == (name, {name: name})


@pytest.mark.parametrize("number", [0, -1, 2**63, -(2**63), 2**64 + 1, 10**30])
def test_integers_in_meta_come_back_exactly(api: Api, number: int) -> None:
    run = api.start_run(api.create_process(), meta={"number": number})
    assert run["meta"]["number"] == number
    assert api.run(run["id"])["meta"]["number"] == number


@pytest.mark.parametrize("number", [0.1, -1.5e-9, 5e-324, 1e22, 1.7976931348623157e308])
def test_floats_in_meta_come_back_exactly(api: Api, number: float) -> None:
    run = api.start_run(api.create_process(), meta={"number": number})
    assert float(run["meta"]["number"]) == number
    assert float(api.run(run["id"])["meta"]["number"]) == number


def test_what_is_longest_allowed_is_taken(api: Api) -> None:
    run = api.start_run(api.create_process(), entity_id="i" * 100, entity_name="n" * 255)
    assert (len(run["entity_id"]), len(run["entity_name"])) == (100, 255)

"""Erasing a run's personal data (seed: Neutralize Run Data; contract section 7)."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.backups.ledger_file import LedgerFile
from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import assert_dashboard_error
from tests.serving import Served

REDACTED = "[REDACTED]"

# The seed's example.
BEFORE = {
    "entity_id": "12345678-1234",
    "entity_name": "John Doe",
    "meta": {
        "email": "john.doe@example.com",
        "phone": "+45 12 34 56 78",
        "address": "Main Street 123",
        "department": "Sales",
        "region": "EMEA",
    },
}


@pytest.fixture
def run(api: Api) -> Json:
    return api.start_run(api.create_process("only"), **BEFORE)


def test_a_neutralized_run_looks_as_the_seed_shows_it(api: Api, run: Json) -> None:
    response = api.http.post(f"/api/v1/runs/{run['id']}/neutralize")
    assert response.status_code == 200
    expected = run | {
        "entity_id": f"NEUTRALIZED_{run['id']}",
        "entity_name": None,
        "meta": {"department": "Sales", "region": "EMEA"},
        "is_neutralized": True,
        "updated_at": response.json()["updated_at"],
    }
    assert response.json() == expected
    assert api.run(run["id"]) == expected
    expected.pop("steps")
    assert api.runs(process_id=run["process_id"])["items"] == [expected]


def test_every_meta_field_of_the_safe_list_stays(api: Api) -> None:
    safe = dict.fromkeys(
        (
            "category",
            "type",
            "department",
            "region",
            "status_code",
            "priority",
            "environment",
            "source",
            "version",
        ),
        "kept",
    )
    run = api.start_run(api.create_process(), meta=safe | {"Category": "gone", "note": "gone"})
    assert api.neutralize(run["id"])["meta"] == safe


def test_a_process_names_further_safe_fields(api: Api) -> None:
    process = api.create_process(meta={"safe_meta_fields": ["branch"]})
    run = api.start_run(process, meta={"branch": {"id": 7}, "email": "a@b.org"})
    assert api.neutralize(run["id"])["meta"] == {"branch": {"id": 7}}


def test_a_safe_name_within_a_personal_field_saves_nothing(api: Api) -> None:
    run = api.start_run(api.create_process(), meta={"person": {"region": "Jutland"}})
    assert api.neutralize(run["id"])["meta"] == {}


def test_the_personal_meta_of_step_runs_goes_too(api: Api, run: Json) -> None:
    step = run["steps"][0]["id"]
    api.report(step, status="success", meta={"operator": "Jane Roe", "source": "scanner"})
    assert api.neutralize(run["id"])["steps"][0]["meta"] == {"source": "scanner"}
    assert api.get(f"/api/v1/step-runs/{step}")["meta"] == {"source": "scanner"}


def test_what_happened_stays(api: Api, run: Json) -> None:
    before = api.report_all(run, "success")
    after = api.neutralize(run["id"])
    for field in ("status", "started_at", "finished_at", "created_at", "success_rate"):
        assert after[field] == before[field]


def test_neutralizing_twice_is_neutralizing_once(api: Api, run: Json) -> None:
    once = api.neutralize(run["id"])
    version = api.http.get(f"/api/v1/runs/{run['id']}").headers["etag"]
    assert api.neutralize(run["id"], reason="once more") == once
    assert api.http.get(f"/api/v1/runs/{run['id']}").headers["etag"] == version
    types = [event["type"] for event in api.events(f"run-{run['id']}")]
    assert types.count("RunNeutralized") == 1


def test_personal_data_does_not_come_back_by_a_later_report(api: Api, run: Json) -> None:
    api.neutralize(run["id"])
    step = run["steps"][0]["id"]
    response = api.http.patch(
        f"/api/v1/step-runs/{step}", json={"status": "success", "meta": {"email": "x@y.org"}}
    )
    assert_dashboard_error(response, 400, "business_rule_violation", "neutralized", "meta.email")
    assert api.get(f"/api/v1/step-runs/{step}")["status"] == "pending"


def test_the_steps_of_a_neutralized_run_go_on(api: Api, run: Json) -> None:
    api.neutralize(run["id"])
    shown = api.report(run["steps"][0]["id"], status="success", meta={"version": "2"})
    assert shown["meta"] == {"version": "2"}
    assert api.run(run["id"])["status"] == "completed"


def test_a_neutralized_run_is_not_found_by_what_was_erased(api: Api, run: Json) -> None:
    api.neutralize(run["id"])
    for erased in (
        {"entity_id": "12345678-1234"},
        {"entity_name": "John"},
        {"meta_filter": "email:john.doe@example.com"},
    ):
        assert api.found(process_id=run["process_id"], **erased) == []
    kept = api.found(process_id=run["process_id"], meta_filter="region:EMEA")
    assert kept == [f"NEUTRALIZED_{run['id']}"]


def test_the_history_tells_that_there_was_something_and_nothing_of_it(api: Api, run: Json) -> None:
    api.neutralize(run["id"], reason="GDPR request 42")
    started, neutralized = api.events(f"run-{run['id']}")
    assert started["redacted"] is True
    assert started["data"]["entity_id"] == started["data"]["entity_name"] == REDACTED
    assert started["data"]["personal_meta"] == dict.fromkeys(
        ("email", "phone", "address"), REDACTED
    )
    assert started["data"]["meta"] == {"department": "Sales", "region": "EMEA"}
    assert neutralized["data"]["reason"] == "GDPR request 42"
    assert neutralized["data"]["policy"] == "manual"
    assert neutralized["data"]["redacted_fields"] == [
        "entity_id",
        "entity_name",
        "meta.address",
        "meta.email",
        "meta.phone",
    ]
    assert neutralized["actor"] == "api_key:1"


def test_the_state_before_the_erasure_is_redacted_too(api: Api, run: Json) -> None:
    path = f"/api/v1/audit/streams/run-{run['id']}/state"
    assert api.get(path, version=1)["state"]["entity_name"] == "John Doe"
    api.neutralize(run["id"])
    state = api.get(path, version=1)
    assert state["redacted"] is True
    assert state["state"]["entity_name"] == REDACTED
    assert "john" not in json.dumps(state).lower()


def test_the_chain_still_holds(api: Api, run: Json) -> None:
    api.neutralize(run["id"])
    assert api.get("/api/v1/audit/verify")["valid"] is True


def test_only_admins_neutralize(user_api: Api, run: Json) -> None:
    response = user_api.http.post(f"/api/v1/runs/{run['id']}/neutralize")
    assert_dashboard_error(response, 403, "permission_denied", "admin")
    assert user_api.run(run["id"]) == run


def test_an_unknown_run_is_not_neutralized(api: Api) -> None:
    response = api.http.post("/api/v1/runs/987654321/neutralize")
    assert_dashboard_error(response, 404, "not_found", "987654321")


def test_other_runs_of_the_same_person_keep_their_data(api: Api, run: Json) -> None:
    other = api.start_run(run["process_id"], **BEFORE)
    api.neutralize(run["id"])
    assert api.run(other["id"]) == other


@pytest.fixture
def ledger(served: Served) -> LedgerFile:
    return LedgerFile(Path(served.environment["ANNALS_HOME"]) / "backups")


@pytest.fixture
def make_way(ledger: LedgerFile) -> Iterator[Callable[[], None]]:
    """Something keeps the erasure ledger from being written, until this takes it away."""
    aside = ledger.path.with_suffix(".aside")
    if ledger.path.exists():
        ledger.path.rename(aside)
    ledger.path.parent.mkdir(exist_ok=True)
    ledger.path.symlink_to("/nonexistent")

    def clear() -> None:
        if ledger.path.is_symlink():
            ledger.path.unlink()
        if aside.exists():
            aside.rename(ledger.path)

    yield clear
    clear()


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "of-the-unwritten-ledger"}])
def test_an_erasure_is_not_acknowledged_before_the_ledger_has_it_however_often_it_is_sent(
    api: Api,
    run: Json,
    ledger: LedgerFile,
    make_way: Callable[[], None],
    headers: dict[str, str],
) -> None:
    path = f"/api/v1/runs/{run['id']}/neutralize"
    for _ in range(2):
        refused = api.http.post(path, headers=headers)
        assert refused.status_code == 503
        assert "erasure ledger could not be written" in refused.json()["detail"]
        assert refused.headers["Retry-After"] == "1"
        assert str(ledger.path.parent) not in refused.text
    make_way()
    answered = api.http.post(path, headers=headers)
    assert answered.status_code == 200
    assert answered.json()["is_neutralized"] is True
    assert f"run-{run['id']}" in {one.subject for one in ledger.read()}

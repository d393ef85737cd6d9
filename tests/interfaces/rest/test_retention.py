"""Retention is set, changed and lifted, and what is due is neutralized (seed: Data Retention)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
import pytest
from dateutil.relativedelta import relativedelta

from tests.interfaces.api import Api, Json, answered, unique
from tests.interfaces.rest.problems import assert_dashboard_error
from tests.serving import Served

CLEANUP = "/api/v1/admin/cleanup"


def keep_for(api: Api, process: int, months: object) -> Json:
    path = f"/api/v1/processes/{process}/retention"
    kept: Json = answered(api.http.put(path, json={"retention_months": months}), 200)
    return kept


def clean_up(api: Api, **parameters: Any) -> Json:
    cleaned: Json = answered(api.http.post(f"{CLEANUP}/neutralize", params=parameters), 200)
    return cleaned


@pytest.fixture
def process(api: Api) -> Iterator[int]:
    process = api.create_process("only")
    yield process
    keep_for(api, process, None)


@contextmanager
def months_later(served: Served, months: int) -> Iterator[None]:
    """Live a while later: for the database, all that happened is so much longer ago."""
    shift = "UPDATE {} SET created_at = created_at - make_interval(months => %s)"
    with psycopg.connect(served.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(shift.format("runs_v3.runs"), (months,))
    try:
        yield
    finally:
        with psycopg.connect(served.environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(shift.format("runs_v3.runs"), (-months,))


def test_retention_is_set_changed_and_lifted(api: Api, process: int) -> None:
    run = api.start_run(process)
    created = datetime.fromisoformat(run["created_at"])
    assert run["scheduled_deletion_at"] is None
    for months in (6, 12, 48, 1):
        assert keep_for(api, process, months)["retention_months"] == months
        due = api.run(run["id"])["scheduled_deletion_at"]
        assert datetime.fromisoformat(due) == created + relativedelta(months=months)
        assert api.runs(process_id=process)["items"][0]["scheduled_deletion_at"] == due
    assert api.start_run(process)["scheduled_deletion_at"] is not None
    keep_for(api, process, None)
    assert api.run(run["id"])["scheduled_deletion_at"] is None
    assert api.get(f"/api/v1/processes/{process}")["retention_months"] is None


@pytest.mark.parametrize("months", [0, -1, 1201, "6", 1.5, True])
def test_retention_is_a_number_of_months(api: Api, process: int, months: object) -> None:
    path = f"/api/v1/processes/{process}/retention"
    response = api.http.put(path, json={"retention_months": months})
    assert_dashboard_error(response, 422, "validation_error")
    assert "retention_months" in response.json()["detail"]


def test_retention_has_to_be_said(api: Api, process: int) -> None:
    response = api.http.put(f"/api/v1/processes/{process}/retention", json={})
    assert_dashboard_error(response, 422, "validation_error")


def test_nothing_is_due_before_its_time(api: Api, process: int) -> None:
    run = api.start_run(process)
    keep_for(api, process, 1)
    assert run["id"] not in clean_up(api, limit=1000)["neutralized_run_ids"]


def test_the_cleanup_is_a_dry_run_unless_it_is_told_otherwise(alone: Served) -> None:
    with alone.client() as client:
        api = Api(client)
        process = api.create_process("only")
        runs = [api.start_run(process)["id"] for _ in range(5)]
        keep_for(api, process, 6)
        kept = api.start_run(api.create_process("only"))["id"]
        with months_later(alone, 7):
            statistics = api.get(f"{CLEANUP}/stats", limit=2)
            previewed = clean_up(api, limit=3)
    assert statistics == {"total_due_for_neutralization": 5, "sample_run_ids": runs[:2]}
    assert previewed == {
        "neutralized_count": 3,
        "failed_count": 0,
        "neutralized_run_ids": runs[:3],
        "failed_run_ids": [],
        "dry_run": True,
    }
    assert kept not in runs


def test_a_retention_that_was_not_really_over_saves_the_run(api: Api, served: Served) -> None:
    """The read model may be wrong about the past; what is recorded decides."""
    process = api.create_process("only")
    run = api.start_run(process, entity_name="John Doe")
    keep_for(api, process, 6)
    with months_later(served, 7):
        assert run["id"] in clean_up(api, limit=1000)["neutralized_run_ids"]
        cleaned = clean_up(api, limit=1000, dry_run=False)
    assert run["id"] not in cleaned["neutralized_run_ids"] + cleaned["failed_run_ids"]
    assert api.run(run["id"])["entity_name"] == "John Doe"
    keep_for(api, process, None)


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_limits_are_bounded(api: Api, limit: str) -> None:
    for response in (
        api.http.get(f"{CLEANUP}/stats", params={"limit": limit}),
        api.http.post(f"{CLEANUP}/neutralize", params={"limit": limit}),
    ):
        assert_dashboard_error(response, 422, "validation_error")
        assert "limit" in response.json()["detail"]


def test_everything_on_a_data_subject_is_neutralized_deleted_runs_too(api: Api) -> None:
    subject = unique("citizen")
    runs = [
        api.start_run(api.create_process("only"), entity_id=subject, entity_name="John Doe")["id"]
        for _ in range(3)
    ]
    other = api.start_run(api.create_process("only"), entity_name="Jane Doe")
    answered(api.http.delete(f"/api/v1/runs/{runs[1]}"), 200)

    assert clean_up(api, entity_id=subject)["neutralized_run_ids"] == runs
    assert clean_up(api, entity_id=subject, dry_run=False)["neutralized_run_ids"] == runs
    assert clean_up(api, entity_id=subject, dry_run=False)["neutralized_count"] == 0
    api.post(f"/api/v1/runs/{runs[1]}/restore", {})
    for run in runs:
        assert api.run(run)["entity_id"] == f"NEUTRALIZED_{run}"
        assert subject not in api.http.get(f"/api/v1/audit/streams/run-{run}").text
    assert api.run(other["id"])["entity_name"] == "Jane Doe"


def test_an_empty_data_subject_neutralizes_nothing(api: Api) -> None:
    response = api.http.post(f"{CLEANUP}/neutralize", params={"entity_id": "", "dry_run": "false"})
    assert_dashboard_error(response, 422, "validation_error")


def test_cleaning_up_is_for_admins(user_api: Api, process: int) -> None:
    for response in (
        user_api.http.get(f"{CLEANUP}/stats"),
        user_api.http.post(f"{CLEANUP}/neutralize"),
        user_api.http.put(f"/api/v1/processes/{process}/retention", json={"retention_months": 6}),
    ):
        assert_dashboard_error(response, 403, "permission_denied")


def test_a_cleanup_takes_no_idempotency_key(api: Api) -> None:
    response = api.http.post(f"{CLEANUP}/neutralize", headers={"Idempotency-Key": "one"})
    assert_dashboard_error(response, 422, "validation_error", "Idempotency-Key")

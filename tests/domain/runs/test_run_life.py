"""Given a run, when it is cancelled, annotated, deleted, restored or due, then these events."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import NeutralizedError, RuleViolatedError
from domain.runs.events import (
    RunCalledOff,
    RunCancelled,
    RunDeleted,
    RunMetaChanged,
    RunRestored,
    StepRunFailed,
)
from domain.runs.retention import scheduled_deletion
from domain.runs.run import Run, StepRunChange
from domain.runs.status import RunStatus, StepRunStatus
from tests.domain.runs.test_run import report, started_run, types


def test_a_run_that_is_called_off_stays_cancelled_whatever_becomes_of_its_steps() -> None:
    run = started_run()
    run.call_off()
    assert types(run) == [RunCalledOff, RunCancelled]
    ended = run.state.finished_at
    assert ended is not None
    report(run, 101, StepRunStatus.FAILED)
    assert types(run) == [StepRunFailed, RunCancelled]
    assert (run.state.status, run.state.finished_at) == (RunStatus.CANCELLED, ended)


def test_a_run_that_has_ended_cannot_be_called_off() -> None:
    run = started_run()
    report(run, 101, StepRunStatus.FAILED)
    with pytest.raises(RuleViolatedError, match="failed"):
        run.call_off()


def test_meta_fields_are_set_taken_away_or_stay() -> None:
    run = started_run({"email": "j@x.org", "note": "x", "region": "EMEA"})
    run.change_meta({"email": None, "phone": "+45 12", "region": "APAC"})

    [event] = run.pending()
    assert isinstance(event, RunMetaChanged)
    assert event.meta == {"region": "APAC"}
    assert event.personal_meta == {"note": "x", "phone": "+45 12"}


@pytest.mark.parametrize("changes", [{}, {"email": "j@x.org"}, {"unknown": None}])
def test_meta_that_stays_as_it_was_records_nothing(changes: dict[str, Any]) -> None:
    run = started_run({"email": "j@x.org", "nothing": None})
    run.change_meta(changes)
    assert types(run) == []


def test_a_neutralized_run_takes_safe_meta_only() -> None:
    run = started_run({"email": "j@x.org"})
    run.neutralize(reason="asked to", policy="manual")
    run.pending()
    with pytest.raises(NeutralizedError, match=r"meta\.email"):
        run.change_meta({"email": "j@x.org"})
    run.change_meta({"region": "EMEA"})
    assert types(run) == [RunMetaChanged]


def test_a_run_is_deleted_and_restored_once() -> None:
    run = started_run()
    for change in (Run.delete, Run.delete, Run.restore, Run.restore):
        change(run)
    assert types(run) == [RunDeleted, RunRestored]


def test_a_deleted_run_comes_back_whole() -> None:
    run = started_run({"email": "j@x.org"})
    run.record_step(101, StepRunChange(status=StepRunStatus.RUNNING, meta={"note": "x"}))
    before = run.state.meta, run.state.status, run.state.steps
    run.delete()
    run.restore()
    assert (run.state.meta, run.state.status, run.state.steps) == before
    assert not run.state.is_deleted


@pytest.mark.parametrize(
    ("created", "months", "due"),
    [
        ("2026-03-15T10:00:00", 6, "2026-09-15T10:00:00"),
        ("2026-08-31T10:00:00", 6, "2027-02-28T10:00:00"),
        ("2023-08-31T10:00:00", 6, "2024-02-29T10:00:00"),
        ("2024-02-29T23:59:59", 12, "2025-02-28T23:59:59"),
        ("2024-02-29T00:00:00", 48, "2028-02-29T00:00:00"),
        ("2026-12-31T23:00:00", 2, "2027-02-28T23:00:00"),
    ],
)
def test_retention_ends_after_calendar_months(created: str, months: int, due: str) -> None:
    assert scheduled_deletion(_utc(created), months) == _utc(due)


def test_without_retention_nothing_is_scheduled() -> None:
    assert scheduled_deletion(_utc("2026-03-15T10:00:00"), None) is None


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)

"""Given a run, when an executor reports or somebody neutralizes, then these events."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import NeutralizedError, RuleViolatedError
from domain.events import DomainEvent
from domain.processes.events import Step
from domain.processes.process import SAFE_META_FIELDS
from domain.runs.events import (
    RunBegan,
    RunCompleted,
    RunFailed,
    RunNeutralized,
    RunReturnedToPending,
    RunStarted,
    StepRunAnnotated,
    StepRunBegan,
    StepRunFailed,
    StepRunReturnedToPending,
    StepRunSucceeded,
)
from domain.runs.run import Run, StepRunChange
from domain.runs.status import RunStatus, StepRunStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=15)


def started_run(meta: dict[str, Any] | None = None) -> Run:
    """Given a run of two steps, 101 and 102."""
    run = Run.start(
        42,
        process_id=1,
        entity_id="CUST-1",
        entity_name="John Doe",
        meta=meta or {},
        safe_meta_fields=SAFE_META_FIELDS,
        steps=[(101, _step(1, 0)), (102, _step(2, 1))],
    )
    run.pending()
    return run


def types(run: Run) -> list[type[DomainEvent]]:
    """Then these events, by type."""
    return [type(event) for event in run.pending()]


def report(run: Run, step: int, status: StepRunStatus | None = None, **more: Any) -> None:
    """When an executor reports."""
    run.record_step(step, StepRunChange(status=status, **more))


def test_a_started_run_has_a_pending_step_run_for_each_step_in_order() -> None:
    run = started_run()
    assert run.id == "run-42"
    assert run.state.status == RunStatus.PENDING
    assert [(s.id, s.step_id, s.status) for s in run.step_runs] == [
        (101, 1, StepRunStatus.PENDING),
        (102, 2, StepRunStatus.PENDING),
    ]


def test_meta_that_is_not_on_the_safe_list_is_personal() -> None:
    run = Run.start(
        1,
        process_id=1,
        entity_id="x",
        entity_name=None,
        meta={"priority": "high", "email": "john@example.com", "claim": {"amount": 3}},
        safe_meta_fields=SAFE_META_FIELDS | {"claim"},
        steps=[],
    )
    [event] = run.pending()
    assert isinstance(event, RunStarted)
    assert event.meta == {"priority": "high", "claim": {"amount": 3}}
    assert event.personal_meta == {"email": "john@example.com"}


def test_the_first_step_under_way_begins_the_run() -> None:
    run = started_run()
    report(run, 101, StepRunStatus.RUNNING, started_at=NOON)
    assert types(run) == [StepRunBegan, RunBegan]
    assert (run.state.started_at, run.state.finished_at) == (NOON, None)


def test_the_last_success_completes_the_run_from_its_first_start_to_its_last_end() -> None:
    run = started_run()
    report(run, 101, StepRunStatus.SUCCESS, started_at=NOON, finished_at=NOON)
    report(run, 102, StepRunStatus.SUCCESS, started_at=NOON, finished_at=LATER)
    assert types(run) == [StepRunSucceeded, RunBegan, StepRunSucceeded, RunCompleted]
    assert (run.state.started_at, run.state.finished_at) == (NOON, LATER)


def test_a_failed_step_fails_the_run_and_a_correction_takes_it_on_again() -> None:
    run = started_run()
    report(run, 101, StepRunStatus.FAILED, finished_at=NOON)
    assert types(run) == [StepRunFailed, RunFailed]
    report(run, 101, StepRunStatus.RUNNING)
    assert types(run) == [StepRunBegan, RunBegan]
    report(run, 101, StepRunStatus.PENDING)
    assert types(run) == [StepRunReturnedToPending, RunReturnedToPending]
    assert (run.state.started_at, run.state.finished_at) == (None, None)


def test_a_report_that_changes_nothing_records_nothing() -> None:
    run = started_run()
    report(run, 101, StepRunStatus.SUCCESS, finished_at=NOON, meta={"note": "x"})
    run.pending()
    report(run, 101, StepRunStatus.SUCCESS, finished_at=NOON, meta={"note": "x"})
    report(run, 101)
    assert types(run) == []


def test_meta_alone_is_an_annotation() -> None:
    run = started_run()
    report(run, 101, meta={"records": 7})
    assert types(run) == [StepRunAnnotated]
    assert run.state.steps[101].meta.whole == {"records": 7}


def test_a_step_cannot_end_before_it_began() -> None:
    run = started_run()
    with pytest.raises(RuleViolatedError, match="finished_at"):
        report(run, 101, StepRunStatus.SUCCESS, started_at=LATER, finished_at=NOON)
    assert types(run) == []


def test_neutralizing_names_every_personal_field_and_keeps_the_safe_ones() -> None:
    run = started_run({"email": "j@x.org", "department": "Sales"})
    report(run, 102, StepRunStatus.FAILED, meta={"error": "John is unknown", "priority": "low"})
    run.pending()
    run.neutralize(reason="asked to", policy="manual")
    [event] = run.pending()
    assert isinstance(event, RunNeutralized)
    assert event.redacted_fields == [
        "entity_id",
        "entity_name",
        "meta.email",
        "step_runs.102.meta.error",
    ]
    assert (event.reason, event.policy) == ("asked to", "manual")
    assert event.erased_subjects == ["run-42"]
    assert run.state.entity_id == "NEUTRALIZED_42"
    assert run.state.entity_name is None
    assert run.state.meta.whole == {"department": "Sales"}
    assert run.state.steps[102].meta.whole == {"priority": "low"}


def test_neutralizing_twice_records_it_once() -> None:
    run = started_run()
    run.neutralize(reason="asked to", policy="manual")
    run.neutralize(reason="asked again", policy="manual")
    assert types(run) == [RunNeutralized]


def test_a_neutralized_run_goes_on_but_takes_no_personal_data() -> None:
    run = started_run()
    run.neutralize(reason="asked to", policy="manual")
    with pytest.raises(NeutralizedError, match=r"meta\.note"):
        report(run, 101, StepRunStatus.SUCCESS, meta={"note": "John again"})
    report(run, 101, StepRunStatus.SUCCESS, meta={"priority": "low"})
    assert types(run) == [RunNeutralized, StepRunSucceeded, RunBegan]


def _step(step_id: int, index: int) -> Step:
    return Step(id=step_id, index=index, name="A step", is_rerunnable=False, rerun_config=None)

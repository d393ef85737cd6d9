"""Runs and step runs, as they are shown (seed: Process Execution Management)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.runs.events import StepRun
from domain.runs.retention import scheduled_deletion
from domain.runs.run import Run
from domain.runs.status import RunStatus, StepRunStatus
from projections.runs.contents import matches
from projections.runs.listing import ShownRun
from projections.runs.queries import RunDetail
from projections.runs.tables import StepRunRow


class StepRunView(msgspec.Struct, frozen=True, kw_only=True):
    """A step run, as it is shown; a rerun names the failed step run that it stands in for."""

    id: int
    run_id: int
    step_id: int
    index: int
    name: str
    status: StepRunStatus
    started_at: datetime | None
    finished_at: datetime | None
    meta: dict[str, Any]
    original_step_run_id: int | None
    created_at: datetime


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A run, as lists show it.

    ``success_rate`` is the percentage of its steps that succeeded; ``scheduled_deletion_at`` is
    when its personal data is due to be erased.
    """

    id: int
    process_id: int
    entity_id: str
    entity_name: str | None
    status: RunStatus
    meta: dict[str, Any]
    success_rate: float
    started_at: datetime | None
    finished_at: datetime | None
    failed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    scheduled_deletion_at: datetime | None
    is_neutralized: bool


class MatchedField(msgspec.Struct, frozen=True):
    """A field in which a search found something."""

    field: str
    value: str


class FoundRunView(RunView, frozen=True, kw_only=True):
    """A run that a search found, and where in it."""

    matched_fields: list[MatchedField]


class RunDetailView(RunView, frozen=True, kw_only=True):
    """A run with its step runs in order."""

    steps: list[StepRunView]


class RerunView(msgspec.Struct, frozen=True, kw_only=True):
    """A rerun that was asked for (seed: Rerun Failed Step)."""

    id: int
    original_step_run_id: int
    status: StepRunStatus
    created_at: datetime
    message: str


def success_rate(succeeded: int, total: int) -> float:
    """Give the percentage of steps that succeeded; 0 where there are none."""
    return round(100 * succeeded / total, 2) if total else 0.0


def run_view(shown: ShownRun) -> RunView:
    """Show a run of the read model."""
    return RunView(**_of_row(shown))


def found_run_view(shown: ShownRun, words: Sequence[str]) -> FoundRunView:
    """Show a run that was found by these words."""
    matched = [MatchedField(field, text) for field, text in matches(shown.run, words)]
    return FoundRunView(**_of_row(shown), matched_fields=matched)


def run_detail_view(detail: RunDetail) -> RunDetailView:
    """Show a run of the read model with its steps."""
    return RunDetailView(
        **_of_row(detail.shown), steps=[step_run_view(row) for row in detail.steps]
    )


def step_run_view(row: StepRunRow) -> StepRunView:
    """Show a step run of the read model."""
    return StepRunView(
        id=row.id,
        run_id=row.run_id,
        step_id=row.step_id,
        index=row.index,
        name=row.name,
        status=StepRunStatus(row.status),
        started_at=row.started_at,
        finished_at=row.finished_at,
        meta=row.meta,
        original_step_run_id=row.original_step_run_id,
        created_at=row.created_at,
    )


def recorded_run_view(run: Run, retention_months: int | None) -> RunDetailView:
    """Show a run as a command has left it, with the retention of its process."""
    state = run.state
    steps = run.current_step_runs
    succeeded = sum(step.status == StepRunStatus.SUCCESS for step in steps)
    return RunDetailView(
        id=int(run.key),
        process_id=state.process_id,
        entity_id=state.entity_id,
        entity_name=state.entity_name,
        status=state.status,
        meta=state.meta.whole,
        success_rate=success_rate(succeeded, len(steps)),
        started_at=state.started_at,
        finished_at=state.finished_at,
        failed_at=state.finished_at if state.status == RunStatus.FAILED else None,
        created_at=state.created_at,
        updated_at=run.modified_on,
        scheduled_deletion_at=_due(state.created_at, retention_months, state.is_neutralized),
        is_neutralized=state.is_neutralized,
        steps=[recorded_step_run_view(step, run) for step in run.step_runs],
    )


def recorded_step_run_view(step: StepRun, run: Run) -> StepRunView:
    """Show a step run as a command has left it."""
    return StepRunView(
        id=step.id,
        run_id=int(run.key),
        step_id=step.step_id,
        index=step.index,
        name=step.name,
        status=step.status,
        started_at=step.started_at,
        finished_at=step.finished_at,
        meta=step.meta.whole,
        original_step_run_id=step.original_step_run_id,
        created_at=step.created_at,
    )


def rerun_view(step: StepRun, original_step_run_id: int) -> RerunView:
    """Show a rerun as the command has left it."""
    return RerunView(
        id=step.id,
        original_step_run_id=original_step_run_id,
        status=step.status,
        created_at=step.created_at,
        message="Step rerun initiated successfully",
    )


def _due(
    created_at: datetime, retention_months: int | None, is_neutralized: bool
) -> datetime | None:
    return None if is_neutralized else scheduled_deletion(created_at, retention_months)


def _of_row(shown: ShownRun) -> dict[str, Any]:
    row = shown.run
    return {
        "id": row.id,
        "process_id": row.process_id,
        "entity_id": row.entity_id,
        "entity_name": row.entity_name,
        "status": RunStatus(row.status),
        "meta": row.meta,
        "success_rate": success_rate(row.steps_succeeded, row.steps_total),
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "failed_at": row.failed_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "scheduled_deletion_at": _due(row.created_at, shown.retention_months, row.is_neutralized),
        "is_neutralized": row.is_neutralized,
    }

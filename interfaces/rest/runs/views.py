"""Runs and step runs, as they are shown (seed: Process Execution Management)."""

from datetime import datetime
from typing import Any

import msgspec

from domain.runs.events import StepRun
from domain.runs.run import Run
from domain.runs.status import RunStatus, StepRunStatus
from projections.runs.queries import RunDetail
from projections.runs.tables import RunRow, StepRunRow


class StepRunView(msgspec.Struct, frozen=True, kw_only=True):
    """A step run, as it is shown."""

    id: int
    run_id: int
    step_id: int
    index: int
    name: str
    status: StepRunStatus
    started_at: datetime | None
    finished_at: datetime | None
    meta: dict[str, Any]


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A run, as lists show it; ``success_rate`` is the percentage of its steps that succeeded."""

    id: int
    process_id: int
    entity_id: str
    entity_name: str | None
    status: RunStatus
    meta: dict[str, Any]
    success_rate: float
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    is_neutralized: bool


class RunDetailView(RunView, frozen=True, kw_only=True):
    """A run with its step runs in order."""

    steps: list[StepRunView]


def success_rate(succeeded: int, total: int) -> float:
    """Give the percentage of steps that succeeded; 0 where there are none."""
    return round(100 * succeeded / total, 2) if total else 0.0


def run_view(row: RunRow) -> RunView:
    """Show a run of the read model."""
    return RunView(**_of_row(row))


def run_detail_view(detail: RunDetail) -> RunDetailView:
    """Show a run of the read model with its steps."""
    return RunDetailView(**_of_row(detail.run), steps=[step_run_view(row) for row in detail.steps])


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
    )


def recorded_run_view(run: Run) -> RunDetailView:
    """Show a run as a command has left it."""
    state = run.state
    succeeded = sum(step.status == StepRunStatus.SUCCESS for step in run.step_runs)
    return RunDetailView(
        id=int(run.key),
        process_id=state.process_id,
        entity_id=state.entity_id,
        entity_name=state.entity_name,
        status=state.status,
        meta=state.meta.whole,
        success_rate=success_rate(succeeded, len(run.step_runs)),
        started_at=state.started_at,
        finished_at=state.finished_at,
        created_at=state.created_at,
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
    )


def _of_row(row: RunRow) -> dict[str, Any]:
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
        "created_at": row.created_at,
        "is_neutralized": row.is_neutralized,
    }

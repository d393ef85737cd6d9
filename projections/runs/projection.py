"""The read model of runs, their steps, and the statistics of each process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.events import Recorded
from domain.runs.events import (
    RUN_STATUS_EVENTS,
    STEP_RUN_EVENTS,
    RunNeutralized,
    RunStarted,
    RunStatusEvent,
    StepRunAnnotated,
    StepRunEvent,
)
from domain.runs.status import RunStatus, StepRunStatus
from projections.projection import Projection, Touched
from projections.runs.tables import (
    RUNS,
    STATISTICS,
    STEP_RUNS,
    RunRow,
    StatisticsRow,
    StepRunRow,
)
from projections.table import Rows

runs = Projection(
    "runs",
    version=1,
    schema=Path(__file__).with_name("schema.sql"),
    tables=(RUNS, STEP_RUNS, STATISTICS),
)


def run_id(recorded: Recorded[Any]) -> int:
    """Read the run id out of the stream id."""
    return int(recorded.stream_id.removeprefix("run-"))


def _its_statistics(recorded: Recorded[RunStarted]) -> Touched:
    return [(STATISTICS, recorded.event.process_id)]


def _its_step_and_run(recorded: Recorded[StepRunEvent]) -> Touched:
    return [(RUNS, run_id(recorded)), (STEP_RUNS, recorded.event.step_run_id)]


def _its_run_and_statistics(recorded: Recorded[RunStatusEvent]) -> Touched:
    return [(RUNS, run_id(recorded)), (STATISTICS, recorded.event.process_id)]


def _all_that_is_redacted(recorded: Recorded[RunNeutralized]) -> Touched:
    steps = {step_id for step_id, _ in _redacted_step_meta(recorded.event)}
    return [(RUNS, run_id(recorded)), *((STEP_RUNS, step_id) for step_id in steps)]


@runs.on(RunStarted, touches=_its_statistics)
def run_started(recorded: Recorded[RunStarted], rows: Rows) -> None:
    """List the run with its steps and count it."""
    event = recorded.event
    now = recorded.event.timestamp
    rows.add(
        RUNS,
        RunRow(
            id=run_id(recorded),
            process_id=event.process_id,
            entity_id=event.entity_id,
            entity_name=event.entity_name,
            status=RunStatus.PENDING,
            meta=event.meta | event.personal_meta,
            steps_total=len(event.steps),
            steps_succeeded=0,
            started_at=None,
            finished_at=None,
            created_at=now,
            updated_at=now,
            is_neutralized=False,
            version=recorded.version,
        ),
    )
    for step in event.steps:
        rows.add(
            STEP_RUNS,
            StepRunRow(
                id=step.id,
                run_id=run_id(recorded),
                step_id=step.step_id,
                index=step.index,
                name=step.name,
                status=StepRunStatus.PENDING,
                started_at=None,
                finished_at=None,
                meta={},
                created_at=now,
                updated_at=now,
                version=recorded.version,
            ),
        )
    if rows.find(STATISTICS, event.process_id) is None:
        rows.add(STATISTICS, StatisticsRow(event.process_id))
    statistics = rows.edit(STATISTICS, event.process_id)
    statistics.total_runs += 1
    statistics.pending_runs += 1


@runs.on(*STEP_RUN_EVENTS.values(), StepRunAnnotated, touches=_its_step_and_run)
def step_run_changed(recorded: Recorded[StepRunEvent], rows: Rows) -> None:
    """Show the step run as the event leaves it, and how many steps succeeded."""
    event = recorded.event
    run = _changed_run(recorded, rows)
    step = rows.edit(STEP_RUNS, event.step_run_id)
    run.steps_succeeded += (event.status_after == StepRunStatus.SUCCESS) - (
        event.previous == StepRunStatus.SUCCESS
    )
    step.status = event.status_after
    step.started_at = event.started_at
    step.finished_at = event.finished_at
    step.updated_at = recorded.event.timestamp
    step.version = recorded.version
    if event.meta is not None:
        step.meta = event.meta | (event.personal_meta or {})


@runs.on(*RUN_STATUS_EVENTS.values(), touches=_its_run_and_statistics)
def run_status_changed(recorded: Recorded[RunStatusEvent], rows: Rows) -> None:
    """Show the run's status and move it from one count to the other."""
    event = recorded.event
    run = _changed_run(recorded, rows)
    statistics = rows.edit(STATISTICS, event.process_id)
    _count(statistics, run, -1)
    run.status = event.status
    run.started_at = event.started_at
    run.finished_at = event.finished_at
    _count(statistics, run, +1)


@runs.on(RunNeutralized, touches=_all_that_is_redacted)
def run_neutralized(recorded: Recorded[RunNeutralized], rows: Rows) -> None:
    """Take the personal data out of the run and its steps (seed: Neutralize Run Data)."""
    event = recorded.event
    run = _changed_run(recorded, rows)
    run.entity_id = f"NEUTRALIZED_{run.id}"
    run.entity_name = None
    run.is_neutralized = True
    for field in event.redacted_fields:
        if field.startswith("meta."):
            run.meta.pop(field.removeprefix("meta."), None)
    for step_id, field in _redacted_step_meta(event):
        rows.edit(STEP_RUNS, step_id).meta.pop(field, None)


def _changed_run(recorded: Recorded[Any], rows: Rows) -> RunRow:
    run = rows.edit(RUNS, run_id(recorded))
    run.updated_at = recorded.event.timestamp
    run.version = recorded.version
    return run


def _count(statistics: StatisticsRow, run: RunRow, change: int) -> None:
    match RunStatus(run.status):
        case RunStatus.PENDING:
            statistics.pending_runs += change
        case RunStatus.RUNNING:
            statistics.running_runs += change
        case RunStatus.FAILED:
            statistics.failed_runs += change
        case RunStatus.CANCELLED:
            statistics.cancelled_runs += change
        case RunStatus.COMPLETED:
            statistics.completed_runs += change
            if run.started_at is not None and run.finished_at is not None:
                taken = (run.finished_at - run.started_at).total_seconds()
                statistics.completion_time_seconds += change * taken


def _redacted_step_meta(event: RunNeutralized) -> Iterator[tuple[int, str]]:
    for field in event.redacted_fields:
        if field.startswith("step_runs."):
            step_id, name = field.removeprefix("step_runs.").split(".meta.", 1)
            yield int(step_id), name

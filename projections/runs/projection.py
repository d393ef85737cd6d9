"""The read model of runs, their steps, and the statistics of each process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.events import Recorded
from domain.processes.events import (
    ProcessCreated,
    ProcessDeleted,
    ProcessRestored,
    RetentionChanged,
)
from domain.runs.events import (
    RUN_STATUS_EVENTS,
    STEP_RUN_EVENTS,
    RunCalledOff,
    RunDeleted,
    RunMetaChanged,
    RunNeutralized,
    RunRestored,
    RunStarted,
    RunStatusEvent,
    StepRunAnnotated,
    StepRunEvent,
)
from domain.runs.rerun_events import RERUN_ATTEMPT_EVENTS, StepRerunRequested
from domain.runs.status import RunStatus, StepRunStatus
from projections.projection import Projection, Touched
from projections.runs.contents import content_of
from projections.runs.counting import count_meta, count_run
from projections.runs.tables import (
    CONTENTS,
    META_FIELDS,
    META_VALUES,
    PROCESSES,
    RUNS,
    STATISTICS,
    STEP_RUNS,
    VERSION,
    RunProcessRow,
    RunRow,
    StepRunRow,
)
from projections.table import Rows

runs = Projection(
    "runs",
    version=VERSION,
    schema=Path(__file__).with_name("schema.sql"),
    tables=(RUNS, CONTENTS, STEP_RUNS, PROCESSES, STATISTICS),
    tallies=(META_FIELDS, META_VALUES),
)


def run_id(recorded: Recorded[Any]) -> int:
    """Read the run id out of the stream id."""
    return int(recorded.stream_id.removeprefix("run-"))


def _process_id(recorded: Recorded[Any]) -> int:
    return int(recorded.stream_id.removeprefix("process-"))


def _its_process(recorded: Recorded[Any]) -> Touched:
    return [(PROCESSES, _process_id(recorded))]


def _its_statistics(recorded: Recorded[RunStarted]) -> Touched:
    return [(STATISTICS, recorded.event.process_id)]


def _its_run(recorded: Recorded[Any]) -> Touched:
    return [(RUNS, run_id(recorded))]


def _its_step_and_run(recorded: Recorded[StepRunEvent]) -> Touched:
    return [(RUNS, run_id(recorded)), (STEP_RUNS, recorded.event.step_run_id)]


def _its_run_and_statistics(
    recorded: Recorded[RunStatusEvent] | Recorded[RunDeleted] | Recorded[RunRestored],
) -> Touched:
    return [(RUNS, run_id(recorded)), (STATISTICS, recorded.event.process_id)]


def _all_that_is_redacted(recorded: Recorded[RunNeutralized]) -> Touched:
    steps = {step_id for step_id, _ in _redacted_step_meta(recorded.event)}
    return [(RUNS, run_id(recorded)), *((STEP_RUNS, step_id) for step_id in steps)]


@runs.on(ProcessCreated)
def process_created(recorded: Recorded[ProcessCreated], rows: Rows) -> None:
    """Know the process."""
    row = RunProcessRow(_process_id(recorded), retention_months=None, is_deleted=False)
    rows.add(PROCESSES, row)


@runs.on(RetentionChanged, touches=_its_process)
def retention_changed(recorded: Recorded[RetentionChanged], rows: Rows) -> None:
    """Know when the process's runs are due; none of them has to be touched."""
    process = rows.edit(PROCESSES, _process_id(recorded))
    process.retention_months = recorded.event.retention_months


@runs.on(ProcessDeleted, touches=_its_process)
def process_deleted(recorded: Recorded[ProcessDeleted], rows: Rows) -> None:
    """Hide the process's runs with it; none of them has to be touched."""
    rows.edit(PROCESSES, _process_id(recorded)).is_deleted = True


@runs.on(ProcessRestored, touches=_its_process)
def process_restored(recorded: Recorded[ProcessRestored], rows: Rows) -> None:
    """Show the process's runs again but those that were deleted by themselves."""
    rows.edit(PROCESSES, _process_id(recorded)).is_deleted = False


@runs.on(RunStarted, touches=_its_statistics)
def run_started(recorded: Recorded[RunStarted], rows: Rows) -> None:
    """List the run with its steps and count it."""
    event = recorded.event
    run = RunRow(
        id=run_id(recorded),
        process_id=event.process_id,
        entity_id=event.entity_id,
        entity_name=event.entity_name,
        status=RunStatus.PENDING,
        meta=event.meta | event.personal_meta,
        personal_meta_fields=sorted(event.personal_meta),
        steps_total=len(event.steps),
        steps_succeeded=0,
        started_at=None,
        finished_at=None,
        failed_at=None,
        created_at=event.timestamp,
        updated_at=event.timestamp,
        deleted_at=None,
        is_neutralized=False,
        version=recorded.version,
    )
    rows.add(RUNS, run)
    rows.add(CONTENTS, content_of(run))
    for step in event.steps:
        _add_step_run(recorded, rows, (step.id, step.step_id, step.index, step.name))
    count_run(rows, run, +1)
    count_meta(rows, run, +1)


@runs.on(StepRerunRequested, touches=_its_run)
def step_rerun_requested(recorded: Recorded[StepRerunRequested], rows: Rows) -> None:
    """List the new step run beside the one that failed."""
    event = recorded.event
    _changed_run(recorded, rows)
    step_run = _add_step_run(
        recorded, rows, (event.step_run_id, event.step_id, event.index, event.name)
    )
    step_run.meta = event.meta | event.personal_meta
    step_run.original_step_run_id = event.original_step_run_id


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
    is_counted = run.deleted_at is None
    if is_counted:
        count_run(rows, run, -1)
    run.status = event.status
    run.started_at = event.started_at
    run.finished_at = event.finished_at
    run.failed_at = event.finished_at if event.status == RunStatus.FAILED else None
    if is_counted:
        count_run(rows, run, +1)


@runs.on(RunCalledOff, *RERUN_ATTEMPT_EVENTS, touches=_its_run)
def run_moved_on(recorded: Recorded[Any], rows: Rows) -> None:
    """Show the run's version and when it changed; what follows has events of its own."""
    _changed_run(recorded, rows)


@runs.on(RunMetaChanged, touches=_its_run)
def run_meta_changed(recorded: Recorded[RunMetaChanged], rows: Rows) -> None:
    """Show the run's new meta."""
    event = recorded.event
    run = _changed_run(recorded, rows)
    _change_meta(rows, run, event.meta | event.personal_meta, sorted(event.personal_meta))


@runs.on(RunDeleted, touches=_its_run_and_statistics)
def run_deleted(recorded: Recorded[RunDeleted], rows: Rows) -> None:
    """Hide the run, and count it no more."""
    run = _changed_run(recorded, rows)
    run.deleted_at = recorded.event.timestamp
    rows.remove(CONTENTS, run.id)
    count_run(rows, run, -1)
    count_meta(rows, run, -1)


@runs.on(RunRestored, touches=_its_run_and_statistics)
def run_restored(recorded: Recorded[RunRestored], rows: Rows) -> None:
    """Show the run as it was, and count it again."""
    run = _changed_run(recorded, rows)
    run.deleted_at = None
    rows.add(CONTENTS, content_of(run))
    count_run(rows, run, +1)
    count_meta(rows, run, +1)


@runs.on(RunNeutralized, touches=_all_that_is_redacted)
def run_neutralized(recorded: Recorded[RunNeutralized], rows: Rows) -> None:
    """Take the personal data out of the run and its steps (seed: Neutralize Run Data)."""
    event = recorded.event
    run = _changed_run(recorded, rows)
    run.entity_id = f"NEUTRALIZED_{run.id}"
    run.entity_name = None
    run.is_neutralized = True
    redacted = {
        field.removeprefix("meta.") for field in event.redacted_fields if field.startswith("meta.")
    }
    kept = {name: value for name, value in run.meta.items() if name not in redacted}
    _change_meta(rows, run, kept, [])
    for step_id, field in _redacted_step_meta(event):
        rows.edit(STEP_RUNS, step_id).meta.pop(field, None)


def _add_step_run(
    recorded: Recorded[Any], rows: Rows, step: tuple[int, int, int, str]
) -> StepRunRow:
    step_run_id, step_id, index, name = step
    row = StepRunRow(
        id=step_run_id,
        run_id=run_id(recorded),
        step_id=step_id,
        index=index,
        name=name,
        status=StepRunStatus.PENDING,
        started_at=None,
        finished_at=None,
        meta={},
        original_step_run_id=None,
        created_at=recorded.event.timestamp,
        updated_at=recorded.event.timestamp,
        version=recorded.version,
    )
    rows.add(STEP_RUNS, row)
    return row


def _changed_run(recorded: Recorded[Any], rows: Rows) -> RunRow:
    run = rows.edit(RUNS, run_id(recorded))
    run.updated_at = recorded.event.timestamp
    run.version = recorded.version
    return run


def _change_meta(rows: Rows, run: RunRow, meta: dict[str, Any], personal: list[str]) -> None:
    is_shown = run.deleted_at is None
    if is_shown:
        count_meta(rows, run, -1)
    run.meta = meta
    run.personal_meta_fields = personal
    if is_shown:
        count_meta(rows, run, +1)
        rows.add(CONTENTS, content_of(run))


def _redacted_step_meta(event: RunNeutralized) -> Iterator[tuple[int, str]]:
    for field in event.redacted_fields:
        if field.startswith("step_runs."):
            step_id, name = field.removeprefix("step_runs.").split(".meta.", 1)
            yield int(step_id), name

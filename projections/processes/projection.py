"""The read model of processes and their steps."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from domain.events import Recorded
from domain.processes.events import (
    ProcessCreated,
    ProcessDeleted,
    ProcessRestored,
    RetentionChanged,
    StepAdded,
)
from projections.projection import Projection, Touched
from projections.table import Rows, Table


class ProcessRow(msgspec.Struct):
    """A process, as lists show it."""

    id: int
    name: str
    meta: dict[str, Any]
    retention_months: int | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int


class StepRow(msgspec.Struct):
    """A step of a process, as lists show it."""

    id: int
    process_id: int
    index: int
    name: str
    is_rerunnable: bool
    rerun_config: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


PROCESSES = Table("processes", ProcessRow, key="id")
STEPS = Table("steps", StepRow, key="id")

processes = Projection(
    "processes",
    version=2,
    schema=Path(__file__).with_name("schema.sql"),
    tables=(PROCESSES, STEPS),
)


def process_id(recorded: Recorded[Any]) -> int:
    """Read the process id out of the stream id."""
    return int(recorded.stream_id.removeprefix("process-"))


def _its_process(recorded: Recorded[Any]) -> Touched:
    return [(PROCESSES, process_id(recorded))]


@processes.on(ProcessCreated)
def process_created(recorded: Recorded[ProcessCreated], rows: Rows) -> None:
    """List the process."""
    event = recorded.event
    rows.add(
        PROCESSES,
        ProcessRow(
            id=process_id(recorded),
            name=event.name,
            meta=event.meta,
            retention_months=None,
            created_at=recorded.event.timestamp,
            updated_at=recorded.event.timestamp,
            deleted_at=None,
            version=recorded.version,
        ),
    )


@processes.on(StepAdded, touches=_its_process)
def step_added(recorded: Recorded[StepAdded], rows: Rows) -> None:
    """List the step with its process."""
    event = recorded.event
    process = _changed(recorded, rows)
    rows.add(
        STEPS,
        StepRow(
            id=event.step_id,
            process_id=process.id,
            index=event.index,
            name=event.name,
            is_rerunnable=event.is_rerunnable,
            rerun_config=msgspec.to_builtins(event.rerun_config),
            created_at=recorded.event.timestamp,
            updated_at=recorded.event.timestamp,
        ),
    )


@processes.on(RetentionChanged, touches=_its_process)
def retention_changed(recorded: Recorded[RetentionChanged], rows: Rows) -> None:
    """Show how long the personal data of runs is kept."""
    _changed(recorded, rows).retention_months = recorded.event.retention_months


@processes.on(ProcessDeleted, touches=_its_process)
def process_deleted(recorded: Recorded[ProcessDeleted], rows: Rows) -> None:
    """Hide the process, and with it its steps."""
    _changed(recorded, rows).deleted_at = recorded.event.timestamp


@processes.on(ProcessRestored, touches=_its_process)
def process_restored(recorded: Recorded[ProcessRestored], rows: Rows) -> None:
    """Show the process again."""
    _changed(recorded, rows).deleted_at = None


def _changed(recorded: Recorded[Any], rows: Rows) -> ProcessRow:
    process = rows.edit(PROCESSES, process_id(recorded))
    process.updated_at = recorded.event.timestamp
    process.version = recorded.version
    return process

"""What outsiders are told of processes."""

from typing import Any

from application.outward import OutwardEvents
from domain.events import Recorded
from domain.processes.events import (
    ProcessCreated,
    ProcessDeleted,
    ProcessRestored,
    RetentionChanged,
    StepAdded,
)

process_events = OutwardEvents()


@process_events.on(
    ProcessCreated,
    name="process.created",
    description="A process was set up",
    example={"process_id": 1, "name": "Onboarding", "meta": {"department": "HR"}},
)
def created(recorded: Recorded[ProcessCreated]) -> dict[str, Any]:
    """Tell what the process is called."""
    event = recorded.event
    return {"process_id": _process_id(recorded), "name": event.name, "meta": event.meta}


@process_events.on(
    StepAdded,
    name="process.step_added",
    description="A step was added to a process; runs started from now on go through it",
    example={
        "process_id": 1,
        "step_id": 3,
        "index": 1,
        "name": "Check documents",
        "is_rerunnable": True,
    },
)
def step_added(recorded: Recorded[StepAdded]) -> dict[str, Any]:
    """Tell of the step; not where its reruns go, for that address may hold a token."""
    event = recorded.event
    return {
        "process_id": _process_id(recorded),
        "step_id": event.step_id,
        "index": event.index,
        "name": event.name,
        "is_rerunnable": event.is_rerunnable,
    }


@process_events.on(
    RetentionChanged,
    name="process.retention_changed",
    description="The personal data of a process's runs is kept for another number of months; "
    "null keeps it until somebody acts",
    example={"process_id": 1, "previous": None, "retention_months": 12},
)
def retention_changed(recorded: Recorded[RetentionChanged]) -> dict[str, Any]:
    """Tell how long it was and is."""
    event = recorded.event
    return {
        "process_id": _process_id(recorded),
        "previous": event.previous,
        "retention_months": event.retention_months,
    }


@process_events.on(
    ProcessDeleted,
    name="process.deleted",
    description="A process was hidden, with its steps and runs; it can be restored",
    example={"process_id": 1},
)
def deleted(recorded: Recorded[ProcessDeleted]) -> dict[str, Any]:
    """Name the process."""
    return {"process_id": _process_id(recorded)}


@process_events.on(
    ProcessRestored,
    name="process.restored",
    description="A process came back, with all that was hidden with it",
    example={"process_id": 1},
)
def restored(recorded: Recorded[ProcessRestored]) -> dict[str, Any]:
    """Name the process."""
    return {"process_id": _process_id(recorded)}


def _process_id(recorded: Recorded[Any]) -> int:
    return int(recorded.stream_id.removeprefix("process-"))

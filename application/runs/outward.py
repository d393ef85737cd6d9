"""What outsiders are told of runs and their steps."""

from typing import Any

from application.outward import OutwardEvents
from domain.events import Recorded
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
    StepRunEvent,
)
from domain.runs.rerun_events import (
    RerunAttemptAccepted,
    RerunAttemptBegan,
    RerunAttemptEvent,
    RerunAttemptFailed,
    RerunAttemptSucceeded,
    StepRerunRequested,
)
from domain.runs.status import RunStatus

run_events = OutwardEvents()

_ATTEMPT = {"run_id": 42, "step_run_id": 71, "attempt": 1}


@run_events.on(
    RunStarted,
    name="run.started",
    description="A process was started for an entity",
    example={
        "run_id": 42,
        "process_id": 1,
        "entity_id": "customer-17",
        "entity_name": "Ann Example",
        "meta": {"department": "HR", "email": "ann@example.org"},
        "status": "pending",
        "steps": [{"id": 70, "step_id": 3, "index": 1, "name": "Check documents"}],
    },
)
def started(recorded: Recorded[RunStarted]) -> dict[str, Any]:
    """Tell of the run as it began."""
    event = recorded.event
    return {
        "run_id": _run_id(recorded),
        "process_id": event.process_id,
        "entity_id": event.entity_id,
        "entity_name": event.entity_name,
        "meta": event.meta | event.personal_meta,
        "status": RunStatus.PENDING,
        "steps": event.steps,
    }


@run_events.on(
    *RUN_STATUS_EVENTS.values(),
    name="run.status_changed",
    description="A run's status followed its steps",
    example={
        "run_id": 42,
        "process_id": 1,
        "previous": "running",
        "status": "completed",
        "started_at": "2026-01-02T03:04:05Z",
        "finished_at": "2026-01-02T04:05:06Z",
    },
)
def status_changed(recorded: Recorded[RunStatusEvent]) -> dict[str, Any]:
    """Tell where the run stood and stands."""
    event = recorded.event
    return {
        "run_id": _run_id(recorded),
        "process_id": event.process_id,
        "previous": event.previous,
        "status": event.status,
        "started_at": event.started_at,
        "finished_at": event.finished_at,
    }


@run_events.on(
    RunCalledOff,
    name="run.cancelled",
    description="Somebody cancelled a run; whatever becomes of its steps, it stays cancelled",
    example={"run_id": 42},
)
def cancelled(recorded: Recorded[RunCalledOff]) -> dict[str, Any]:
    """Name the run."""
    return {"run_id": _run_id(recorded)}


@run_events.on(
    RunMetaChanged,
    name="run.meta_changed",
    description="A run's meta was changed; this is all of it from then on",
    example={"run_id": 42, "process_id": 1, "meta": {"department": "HR"}},
)
def meta_changed(recorded: Recorded[RunMetaChanged]) -> dict[str, Any]:
    """Tell the new meta."""
    event = recorded.event
    return {
        "run_id": _run_id(recorded),
        "process_id": event.process_id,
        "meta": event.meta | event.personal_meta,
    }


@run_events.on(
    RunDeleted,
    name="run.deleted",
    description="A run was hidden, with its step runs; it can be restored",
    example={"run_id": 42, "process_id": 1},
)
def deleted(recorded: Recorded[RunDeleted]) -> dict[str, Any]:
    """Name the run."""
    return {"run_id": _run_id(recorded), "process_id": recorded.event.process_id}


@run_events.on(
    RunRestored,
    name="run.restored",
    description="A run came back as it was",
    example={"run_id": 42, "process_id": 1},
)
def restored(recorded: Recorded[RunRestored]) -> dict[str, Any]:
    """Name the run."""
    return {"run_id": _run_id(recorded), "process_id": recorded.event.process_id}


@run_events.on(
    RunNeutralized,
    name="run.neutralized",
    description="The personal data of a run was erased for good; erase your copy too",
    example={
        "run_id": 42,
        "redacted_fields": ["entity_id", "entity_name", "meta.email"],
        "reason": "asked to",
        "policy": "manual",
    },
)
def neutralized(recorded: Recorded[RunNeutralized]) -> dict[str, Any]:
    """Tell what was erased, and why."""
    event = recorded.event
    return {
        "run_id": _run_id(recorded),
        "redacted_fields": event.redacted_fields,
        "reason": event.reason,
        "policy": event.policy,
    }


@run_events.on(
    *STEP_RUN_EVENTS.values(),
    name="step_run.status_changed",
    description="A step of a run got another status",
    example={
        "run_id": 42,
        "step_run_id": 70,
        "previous": "pending",
        "status": "running",
        "started_at": "2026-01-02T03:04:05Z",
        "finished_at": None,
    },
)
def step_run_status_changed(recorded: Recorded[StepRunEvent]) -> dict[str, Any]:
    """Tell where the step run stood and stands."""
    event = recorded.event
    return {
        "run_id": _run_id(recorded),
        "step_run_id": event.step_run_id,
        "previous": event.previous,
        "status": event.status_after,
        "started_at": event.started_at,
        "finished_at": event.finished_at,
    }


@run_events.on(
    StepRerunRequested,
    name="rerun.requested",
    description="A failed step of a run is to be run again: a new step run waits in its place",
    example={
        "run_id": 42,
        "process_id": 1,
        "step_run_id": 71,
        "original_step_run_id": 70,
        "step_id": 3,
        "index": 1,
        "name": "Check documents",
    },
)
def rerun_requested(recorded: Recorded[StepRerunRequested]) -> dict[str, Any]:
    """Tell of the new step run; not where it goes, for that address may hold a token."""
    event = recorded.event
    return {
        "run_id": _run_id(recorded),
        "process_id": event.process_id,
        "step_run_id": event.step_run_id,
        "original_step_run_id": event.original_step_run_id,
        "step_id": event.step_id,
        "index": event.index,
        "name": event.name,
    }


@run_events.on(
    RerunAttemptBegan,
    name="rerun.attempt_began",
    description="The endpoint of a step is being called to run it again",
    example=_ATTEMPT,
)
def attempt_began(recorded: Recorded[RerunAttemptBegan]) -> dict[str, Any]:
    """Name the attempt."""
    return _attempt(recorded)


@run_events.on(
    RerunAttemptAccepted,
    name="rerun.attempt_accepted",
    description="The endpoint took a step run over and will report on it by itself",
    example=_ATTEMPT,
)
def attempt_accepted(recorded: Recorded[RerunAttemptAccepted]) -> dict[str, Any]:
    """Name the attempt."""
    return _attempt(recorded)


@run_events.on(
    RerunAttemptSucceeded,
    name="rerun.attempt_succeeded",
    description="The endpoint ran a step again",
    example=_ATTEMPT,
)
def attempt_succeeded(recorded: Recorded[RerunAttemptSucceeded]) -> dict[str, Any]:
    """Name the attempt."""
    return _attempt(recorded)


@run_events.on(
    RerunAttemptFailed,
    name="rerun.attempt_failed",
    description="An attempt to have a step run again failed; next_attempt_at is null after the "
    "last one",
    example=_ATTEMPT
    | {
        "condition": "timeout",
        "detail": "no answer within 300 s",
        "next_attempt_at": "2026-01-02T03:05:05Z",
    },
)
def attempt_failed(recorded: Recorded[RerunAttemptFailed]) -> dict[str, Any]:
    """Tell why, and when the next one is made."""
    event = recorded.event
    return _attempt(recorded) | {
        "condition": event.condition,
        "detail": event.detail,
        "next_attempt_at": event.next_attempt_at,
    }


def _attempt(recorded: Recorded[Any]) -> dict[str, Any]:
    event: RerunAttemptEvent = recorded.event
    return {
        "run_id": _run_id(recorded),
        "step_run_id": event.step_run_id,
        "attempt": event.attempt,
    }


def _run_id(recorded: Recorded[Any]) -> int:
    return int(recorded.stream_id.removeprefix("run-"))

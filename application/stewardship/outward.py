"""What outsiders are told of stewardships. Nobody's contact details are among it."""

from typing import Any

from application.outward import OutwardEvents
from domain.events import Recorded
from domain.stewardship.events import (
    MetricMeasured,
    PolicyAudited,
    StatusChangeApproved,
    StatusChangeDecision,
    StatusChangeProposed,
    StatusChangeRefused,
    StewardshipCreated,
    StewardshipStatusChanged,
)
from domain.stewardship.execution_events import (
    WorkflowExecutionFailed,
    WorkflowExecutionStarted,
    WorkflowExecutionSucceeded,
)
from domain.stewardship.job_events import StewardshipJobCompleted, StewardshipJobFailed
from domain.stewardship.kinds import Decision, MetricStatus, StewardshipStatus
from domain.stewardship.responsibility_events import (
    ResponsibilityCompleted,
    ResponsibilityEscalated,
    ResponsibilityFellOverdue,
)

stewardship_events = OutwardEvents()

_ID = "stewardship_17"
_RESPONSIBILITY = {
    "stewardship_id": _ID,
    "responsibility_id": "resp_001",
    "assigned_to": "user_123",
    "due_date": "2026-01-02T10:30:00Z",
}
_EXECUTION = {
    "stewardship_id": _ID,
    "workflow_id": "workflow_001",
    "execution_id": "execution_3",
}


@stewardship_events.on(
    StewardshipCreated,
    name="stewardship.created",
    description="A stewardship was set up",
    example={
        "stewardship_id": _ID,
        "type": "data_quality",
        "domain": "customer_data",
        "status": "active",
    },
)
def created(recorded: Recorded[StewardshipCreated]) -> dict[str, Any]:
    """Tell what it takes care of."""
    event = recorded.event
    return {
        "stewardship_id": _stewardship_id(recorded),
        "type": event.type,
        "domain": event.domain,
        "status": StewardshipStatus.ACTIVE,
    }


@stewardship_events.on(
    StewardshipStatusChanged,
    name="stewardship.status_changed",
    description="A stewardship got another status; with change_id, by an approved change",
    example={
        "stewardship_id": _ID,
        "previous": "active",
        "status": "suspended",
        "reason": "under review",
        "change_id": "change_1",
    },
)
def status_changed(recorded: Recorded[StewardshipStatusChanged]) -> dict[str, Any]:
    """Tell where it stood and stands."""
    event = recorded.event
    return {
        "stewardship_id": _stewardship_id(recorded),
        "previous": event.previous,
        "status": event.status,
        "reason": event.reason,
        "change_id": event.change_id,
    }


@stewardship_events.on(
    ResponsibilityFellOverdue,
    name="stewardship.responsibility.overdue",
    description="The due date of an open responsibility has passed",
    example=_RESPONSIBILITY,
)
def overdue(recorded: Recorded[ResponsibilityFellOverdue]) -> dict[str, Any]:
    """Tell whose it is, and since when it is overdue."""
    return _responsibility(recorded)


@stewardship_events.on(
    ResponsibilityEscalated,
    name="stewardship.responsibility.escalated",
    description="An overdue responsibility came to a level of escalation, counted from 1",
    example=_RESPONSIBILITY | {"level": 1},
)
def escalated(recorded: Recorded[ResponsibilityEscalated]) -> dict[str, Any]:
    """Tell how far it came."""
    return _responsibility(recorded) | {"level": recorded.event.level}


@stewardship_events.on(
    ResponsibilityCompleted,
    name="stewardship.responsibility.completed",
    description="A responsibility was done",
    example=_RESPONSIBILITY,
)
def completed(recorded: Recorded[ResponsibilityCompleted]) -> dict[str, Any]:
    """Tell who did it, and when it was due."""
    return _responsibility(recorded)


@stewardship_events.on(
    MetricMeasured,
    name="stewardship.metric.breached",
    description="A measurement of a metric misses the threshold, which the one before did not",
    example={
        "stewardship_id": _ID,
        "metric_id": "metric_001",
        "value": 91.5,
        "measured_at": "2026-01-02T03:04:05Z",
        "previous": "met",
    },
)
def breached(recorded: Recorded[MetricMeasured]) -> dict[str, Any] | None:
    """Tell what was measured, where that made the difference."""
    event = recorded.event
    if event.status != MetricStatus.BREACHED or event.previous_status == MetricStatus.BREACHED:
        return None
    return {
        "stewardship_id": _stewardship_id(recorded),
        "metric_id": event.metric_id,
        "value": event.value,
        "measured_at": event.measured_at,
        "previous": event.previous_status,
    }


@stewardship_events.on(
    WorkflowExecutionStarted,
    name="stewardship.workflow.started",
    description="A workflow is carried out: somebody asked for it, or a trigger did; "
    "due_at is the moment of its schedule",
    example=_EXECUTION
    | {"trigger_id": "trigger_001", "event": "daily_review", "due_at": "2026-01-02T09:00:00Z"},
)
def workflow_started(recorded: Recorded[WorkflowExecutionStarted]) -> dict[str, Any]:
    """Tell what started it."""
    event = recorded.event
    return {
        "stewardship_id": _stewardship_id(recorded),
        "workflow_id": event.workflow_id,
        "execution_id": event.execution_id,
        "trigger_id": event.trigger_id,
        "event": event.event,
        "due_at": event.due_at,
    }


@stewardship_events.on(
    WorkflowExecutionSucceeded,
    name="stewardship.workflow.completed",
    description="All steps of an execution were done, after so many seconds",
    example=_EXECUTION | {"duration_seconds": 3600.0},
)
def workflow_completed(recorded: Recorded[WorkflowExecutionSucceeded]) -> dict[str, Any]:
    """Tell how long it took."""
    event = recorded.event
    return {
        "stewardship_id": _stewardship_id(recorded),
        "workflow_id": event.workflow_id,
        "execution_id": event.execution_id,
        "duration_seconds": event.duration_seconds,
    }


@stewardship_events.on(
    WorkflowExecutionFailed,
    name="stewardship.workflow.failed",
    description="A step of an execution failed for good, after so many seconds",
    example=_EXECUTION | {"step_id": "step_001", "duration_seconds": 3600.0},
)
def workflow_failed(recorded: Recorded[WorkflowExecutionFailed]) -> dict[str, Any]:
    """Tell at which step it ended."""
    event = recorded.event
    return {
        "stewardship_id": _stewardship_id(recorded),
        "workflow_id": event.workflow_id,
        "execution_id": event.execution_id,
        "step_id": event.step_id,
        "duration_seconds": event.duration_seconds,
    }


@stewardship_events.on(
    PolicyAudited,
    name="stewardship.policy.audited",
    description="A policy was audited: so many checks, of which so many found a violation",
    example={
        "stewardship_id": _ID,
        "policy_id": "policy_001",
        "checks": 40,
        "violations": 2,
    },
)
def policy_audited(recorded: Recorded[PolicyAudited]) -> dict[str, Any]:
    """Tell what the audit came to."""
    event = recorded.event
    return {
        "stewardship_id": _stewardship_id(recorded),
        "policy_id": event.policy_id,
        "checks": event.checks,
        "violations": event.violations,
    }


@stewardship_events.on(
    StatusChangeProposed,
    name="stewardship.approval.requested",
    description="A change of the status waits for its approval",
    example={
        "stewardship_id": _ID,
        "change_id": "change_1",
        "status": "suspended",
        "reason": "under review",
        "proposed_by": "user-ann",
    },
)
def approval_requested(recorded: Recorded[StatusChangeProposed]) -> dict[str, Any]:
    """Tell what is proposed, and by whom."""
    event = recorded.event
    return {
        "stewardship_id": _stewardship_id(recorded),
        "change_id": event.change_id,
        "status": event.status,
        "reason": event.reason,
        "proposed_by": event.proposed_by,
    }


@stewardship_events.on(
    StatusChangeApproved,
    StatusChangeRefused,
    name="stewardship.approval.decided",
    description="An approver said something to a proposed change; once it takes effect, "
    "stewardship.status_changed follows",
    example={
        "stewardship_id": _ID,
        "change_id": "change_1",
        "decision": "approve",
        "decided_by": "user-bob",
        "comment": "agreed",
    },
)
def approval_decided(recorded: Recorded[StatusChangeDecision]) -> dict[str, Any]:
    """Tell who said what."""
    event = recorded.event
    is_for = isinstance(event, StatusChangeApproved)
    return {
        "stewardship_id": _stewardship_id(recorded),
        "change_id": event.change_id,
        "decision": Decision.APPROVE if is_for else Decision.REJECT,
        "decided_by": event.decided_by,
        "comment": event.comment,
    }


@stewardship_events.on(
    StewardshipJobCompleted,
    name="stewardship.job.completed",
    description="A job set its stewardship up",
    example={"job_id": "stewardship_job_5", "stewardship_id": _ID},
)
def job_completed(recorded: Recorded[StewardshipJobCompleted]) -> dict[str, Any]:
    """Name the job and its stewardship."""
    return {
        "job_id": _job_id(recorded),
        "stewardship_id": f"stewardship_{recorded.event.stewardship_key}",
    }


@stewardship_events.on(
    StewardshipJobFailed,
    name="stewardship.job.failed",
    description="A job could not set its stewardship up, and there is none",
    example={"job_id": "stewardship_job_5", "error": "domain is required"},
)
def job_failed(recorded: Recorded[StewardshipJobFailed]) -> dict[str, Any]:
    """Tell why."""
    return {"job_id": _job_id(recorded), "error": recorded.event.error}


def _responsibility(recorded: Recorded[Any]) -> dict[str, Any]:
    event = recorded.event
    return {
        "stewardship_id": _stewardship_id(recorded),
        "responsibility_id": event.responsibility_id,
        "assigned_to": event.assigned_to,
        "due_date": event.due_date,
    }


def _stewardship_id(recorded: Recorded[Any]) -> str:
    return "stewardship_" + recorded.stream_id.removeprefix("stewardship-")


def _job_id(recorded: Recorded[Any]) -> str:
    return "stewardship_job_" + recorded.stream_id.removeprefix("stewardship_job-")

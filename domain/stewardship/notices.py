"""Who is to be notified of what happens in a stewardship, and in which words."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from domain.events import DomainEvent
from domain.personal import REDACTED
from domain.stewardship.addresses import is_address
from domain.stewardship.events import (
    MetricMeasured,
    StatusChangeProposed,
    StatusChangeRejected,
    StewardshipStatusChanged,
)
from domain.stewardship.execution_events import (
    WorkflowExecutionFailed,
    WorkflowStepBegan,
    WorkflowStepRetried,
    WorkflowStepStarted,
)
from domain.stewardship.kinds import MetricStatus, StewardStatus
from domain.stewardship.responsibility_events import (
    ResponsibilityEscalated,
    ResponsibilityFellOverdue,
    ResponsibilityReassigned,
)
from domain.stewardship.state import StewardshipState, Workflow

E = TypeVar("E", bound=DomainEvent)


class Notice(NamedTuple):
    """What people are told of an event; recipients are user ids and e-mail addresses."""

    subject: str
    lines: Sequence[str]
    recipients: Sequence[str]


Writing = Callable[[E, StewardshipState], Notice | None]

_WRITINGS: dict[type[DomainEvent], Writing[Any]] = {}


def _of(*event_types: type[E]) -> Callable[[Writing[E]], Writing[E]]:
    def register(writing: Writing[E]) -> Writing[E]:
        _WRITINGS.update(dict.fromkeys(event_types, writing))
        return writing

    return register


def notice_of(event: DomainEvent, state: StewardshipState) -> Notice | None:
    """Write the notice of an event that left a state behind; None if nobody is notified."""
    writing = _WRITINGS.get(type(event))
    return writing(event, state) if writing is not None else None


def noticed_events() -> tuple[type[DomainEvent], ...]:
    """Give the types of the events that people may be notified of."""
    return tuple(_WRITINGS)


def address_of(recipient: str, state: StewardshipState) -> str | None:
    """Give where mail for a recipient goes: as a steward's contact details say, if it is one."""
    if state.known_steward(recipient) is None:
        return recipient if is_address(recipient) else None
    steward = state.steward(recipient)
    email = steward.definition.contact_info.get("email") if steward is not None else None
    return email if email != REDACTED else None


@_of(ResponsibilityFellOverdue)
def _overdue(event: ResponsibilityFellOverdue, state: StewardshipState) -> Notice:
    name = _responsibility(state, event.responsibility_id)
    assigned = [event.assigned_to] if event.assigned_to else _acting(state, event.timestamp)
    return Notice(
        f"Overdue: {name}",
        [
            f'"{name}" was due at {_moment(event.due_date)} and is not completed.',
            _assigned(event.assigned_to),
        ],
        assigned,
    )


@_of(ResponsibilityEscalated)
def _escalated(event: ResponsibilityEscalated, state: StewardshipState) -> Notice:
    name = _responsibility(state, event.responsibility_id)
    return Notice(
        f"Escalation {event.level}: {name}",
        [
            f'"{name}" was due at {_moment(event.due_date)} and is still not completed.',
            _assigned(event.assigned_to),
            f"This is level {event.level} of its escalation.",
        ],
        state.options.escalation.recipients,
    )


@_of(ResponsibilityReassigned)
def _reassigned(event: ResponsibilityReassigned, state: StewardshipState) -> Notice | None:
    if not event.assigned_to:
        return None
    responsibility = state.responsibility(event.responsibility_id)
    assert responsibility is not None
    due_date = responsibility.due_date
    name = responsibility.definition.name
    return Notice(
        f"Assigned to you: {name}",
        [
            f'"{name}" is yours now.',
            f"It is due at {_moment(due_date)}." if due_date is not None else "It has no due date.",
        ],
        [event.assigned_to],
    )


@_of(StatusChangeProposed)
def _proposed(event: StatusChangeProposed, state: StewardshipState) -> Notice:
    needed = state.options.approval.needed
    return Notice(
        f"Approval requested: {event.status}",
        [
            f"The stewardship is to become {event.status}; it is {state.status} now.",
            *_reason(event.reason),
            f"The change is {event.change_id} and needs {_count(needed, 'approval')}.",
        ],
        state.options.approval.approvers,
    )


@_of(StatusChangeRejected)
def _rejected(event: StatusChangeRejected, state: StewardshipState) -> Notice:
    return Notice(
        f"Rejected: {event.status}",
        [
            f"The change {event.change_id} to {event.status} was rejected.",
            f"The stewardship stays {state.status}.",
        ],
        _acting(state, event.timestamp),
    )


@_of(StewardshipStatusChanged)
def _status_changed(event: StewardshipStatusChanged, state: StewardshipState) -> Notice:
    return Notice(
        f"Now {event.status}",
        [f"The stewardship was {event.previous} and is {event.status}.", *_reason(event.reason)],
        _acting(state, event.timestamp),
    )


@_of(MetricMeasured)
def _measured(event: MetricMeasured, state: StewardshipState) -> Notice | None:
    if event.status != MetricStatus.BREACHED or event.previous_status == MetricStatus.BREACHED:
        return None
    metric = state.metric(event.metric_id)
    assert metric is not None
    definition = metric.definition
    return Notice(
        f"Threshold missed: {definition.name}",
        [
            f'"{definition.name}" was {event.value:g} at {_moment(event.measured_at)}.',
            f"Its threshold is {definition.threshold:g}.",
        ],
        _acting(state, event.timestamp),
    )


@_of(WorkflowStepStarted, WorkflowStepRetried)
def _step_began(event: WorkflowStepBegan, state: StewardshipState) -> Notice | None:
    workflow = _workflow(state, event.workflow_id)
    step = next(each for each in workflow.definition.steps if each.id == event.step_id)
    if not step.assignee:
        return None
    again = f" again: attempt {event.attempt}" if event.attempt > 1 else ""
    return Notice(
        f"Your turn: {step.name}",
        [
            f'"{step.name}" of "{workflow.definition.name}" is to be done{again}.',
            *([f"It times out at {_moment(event.deadline)}."] if event.deadline else []),
            f"Report its outcome for {event.execution_id}, step {step.id}.",
        ],
        [step.assignee],
    )


@_of(WorkflowExecutionFailed)
def _execution_failed(event: WorkflowExecutionFailed, state: StewardshipState) -> Notice:
    name = _workflow(state, event.workflow_id).definition.name
    return Notice(
        f"Failed: {name}",
        [f'{event.execution_id} of "{name}" failed at the step {event.step_id}.'],
        _acting(state, event.timestamp),
    )


def _acting(state: StewardshipState, now: datetime) -> list[str]:
    return [
        steward.definition.user_id
        for steward in state.stewards
        if steward.status_at(now) == StewardStatus.ACTIVE
    ]


def _responsibility(state: StewardshipState, responsibility_id: str) -> str:
    responsibility = state.responsibility(responsibility_id)
    assert responsibility is not None
    return responsibility.definition.name or responsibility_id


def _workflow(state: StewardshipState, workflow_id: str) -> Workflow:
    workflow = state.workflow(workflow_id)
    assert workflow is not None
    return workflow


def _assigned(user_id: str) -> str:
    return f"It is assigned to {user_id}." if user_id else "It is assigned to nobody."


def _reason(reason: str) -> list[str]:
    return [f"The reason given: {reason}"] if reason else []


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")

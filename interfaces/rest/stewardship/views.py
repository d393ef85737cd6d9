"""Stewardships as they are shown (seed: Response Format)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from domain.stewardship.definition import (
    CONTACT_FIELDS,
    MetricDefinition,
    OptionsDefinition,
    PolicyDefinition,
    ResponsibilityDefinition,
    WorkflowDefinition,
)
from domain.stewardship.figures import (
    Performance,
    Statistics,
    Summary,
    performances,
    statistics,
    steward_name,
    summary,
)
from domain.stewardship.kinds import (
    ChangeStatus,
    ExecutionStatus,
    MetricStatus,
    ResponsibilityStatus,
    StepStatus,
    StewardRole,
    StewardshipStatus,
    StewardshipType,
    StewardStatus,
    Trend,
    WorkflowStatus,
)
from domain.stewardship.state import (
    Execution,
    Metric,
    Responsibility,
    StatusChange,
    Steward,
    StewardshipState,
)


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """How a steward is reached; what is not known, or was erased, is empty."""

    email: str
    phone: str
    slack: str
    teams: str
    emergency: str


class StewardView(msgspec.Struct, frozen=True, kw_only=True):
    """A steward; without a start of their own, since they were assigned."""

    user_id: str
    name: str
    role: StewardRole
    status: StewardStatus
    permissions: Sequence[str]
    start_date: datetime
    end_date: datetime | UnsetType = UNSET
    is_primary: bool
    contact_info: ContactView
    performance: Performance


class ResponsibilityView(msgspec.Struct, frozen=True, kw_only=True):
    """A responsibility as it stands now."""

    id: str
    name: str
    status: ResponsibilityStatus
    progress: float
    due_date: datetime | None
    assigned_to: str
    last_updated: datetime


class MetricView(msgspec.Struct, frozen=True, kw_only=True):
    """A metric by its last measurements."""

    id: str
    name: str
    current_value: float
    target_value: float
    status: MetricStatus
    last_updated: datetime
    trend: Trend


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the status that waits for so many approvals."""

    id: str
    status: StewardshipStatus
    reason: str
    proposed_by: str
    proposed_at: datetime
    approvals: int
    refusals: int
    threshold: int


class DefinitionView(msgspec.Struct, frozen=True, kw_only=True):
    """All that was sent, as it was understood: durations are texts, what was unset is empty."""

    responsibilities: Sequence[ResponsibilityDefinition]
    workflows: Sequence[WorkflowDefinition]
    metrics: Sequence[MetricDefinition]
    policies: Sequence[PolicyDefinition]
    metadata: dict[str, Any]
    options: OptionsDefinition


class StewardshipView(msgspec.Struct, frozen=True, kw_only=True):
    """A stewardship; ``pending_change`` is there while one waits for approval."""

    id: str
    type: StewardshipType
    domain: str
    status: StewardshipStatus
    stewards: Sequence[StewardView]
    responsibilities: Sequence[ResponsibilityView]
    workflows: Sequence[WorkflowStatus]
    metrics: Sequence[MetricView]
    summary: Summary
    statistics: Statistics
    created_at: datetime
    updated_at: datetime
    pending_change: ChangeView | UnsetType = UNSET
    definition: DefinitionView | UnsetType = UNSET


class ResultView(msgspec.Struct, frozen=True, kw_only=True):
    """The stewardship that a job has set up, as it is now."""

    stewardship_id: str
    stewards: Sequence[StewardView]
    responsibilities: Sequence[ResponsibilityView]
    workflows: Sequence[WorkflowStatus]
    metrics: Sequence[MetricView]
    summary: Summary
    statistics: Statistics


class ExecutionStepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of an execution: which attempt, until when, or when it is tried again."""

    step_id: str
    name: str
    status: StepStatus
    attempt: int
    deadline: datetime | None
    retry_at: datetime | None


class ExecutionView(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that is or was carried out; ``trigger_id`` is null if somebody asked for it."""

    id: str
    workflow_id: str
    status: ExecutionStatus
    trigger_id: str | None
    started_at: datetime
    finished_at: datetime | None
    steps: Sequence[ExecutionStepView]


def stewardship_id(key: int | str) -> str:
    """Give the id of a stewardship as the seed has it."""
    return f"stewardship_{key}"


def stewardship_view(
    key: int | str, state: StewardshipState, now: datetime, *, with_definition: bool = False
) -> StewardshipView:
    """Show a stewardship at a moment."""
    return StewardshipView(
        id=stewardship_id(key),
        type=state.type,
        domain=state.domain,
        status=state.status,
        stewards=_stewards(state, now),
        responsibilities=_responsibilities(state, now),
        workflows=[each.status for each in state.workflows],
        metrics=[_metric(each) for each in state.metrics],
        summary=summary(state, now),
        statistics=statistics(state, now),
        created_at=state.created_at,
        updated_at=state.updated_at,
        pending_change=_pending_change(state),
        definition=_definition(state) if with_definition else UNSET,
    )


def result_view(key: int, state: StewardshipState, now: datetime) -> ResultView:
    """Show what came of a job."""
    return ResultView(
        stewardship_id=stewardship_id(key),
        stewards=_stewards(state, now),
        responsibilities=_responsibilities(state, now),
        workflows=[each.status for each in state.workflows],
        metrics=[_metric(each) for each in state.metrics],
        summary=summary(state, now),
        statistics=statistics(state, now),
    )


def execution_view(state: StewardshipState, execution: Execution) -> ExecutionView:
    """Show an execution."""
    workflow = state.workflow(execution.workflow_id)
    assert workflow is not None
    names = {step.id: step.name for step in workflow.definition.steps}
    return ExecutionView(
        id=execution.id,
        workflow_id=execution.workflow_id,
        status=execution.status,
        trigger_id=execution.trigger_id,
        started_at=execution.started_at,
        finished_at=execution.finished_at,
        steps=[
            ExecutionStepView(
                step_id=step.step_id,
                name=names[step.step_id],
                status=step.status,
                attempt=step.attempt,
                deadline=step.deadline,
                retry_at=step.retry_at,
            )
            for step in execution.steps
        ],
    )


def _stewards(state: StewardshipState, now: datetime) -> list[StewardView]:
    done = performances(state, now)
    return [_steward(each, done[each.definition.user_id], now) for each in state.stewards]


def _steward(steward: Steward, done: Performance, now: datetime) -> StewardView:
    definition = steward.definition
    contact = {field: definition.contact_info.get(field, "") for field in CONTACT_FIELDS}
    return StewardView(
        user_id=definition.user_id,
        name=steward_name(definition.user_id),
        role=definition.role,
        status=steward.status_at(now),
        permissions=definition.permissions,
        start_date=definition.start_date or steward.since,
        end_date=definition.end_date if definition.end_date is not None else UNSET,
        is_primary=definition.is_primary,
        contact_info=ContactView(**contact),
        performance=done,
    )


def _responsibilities(state: StewardshipState, now: datetime) -> list[ResponsibilityView]:
    return [_responsibility(each, now) for each in state.responsibilities]


def _responsibility(responsibility: Responsibility, now: datetime) -> ResponsibilityView:
    return ResponsibilityView(
        id=responsibility.definition.id,
        name=responsibility.definition.name,
        status=responsibility.status_at(now),
        progress=responsibility.progress,
        due_date=responsibility.due_date,
        assigned_to=responsibility.assigned_to,
        last_updated=responsibility.updated_at,
    )


def _metric(metric: Metric) -> MetricView:
    return MetricView(
        id=metric.definition.id,
        name=metric.definition.name,
        current_value=metric.current_value,
        target_value=metric.definition.threshold,
        status=metric.status,
        last_updated=metric.updated_at,
        trend=metric.trend,
    )


def _pending_change(state: StewardshipState) -> ChangeView | UnsetType:
    for change in state.changes:
        if change.status == ChangeStatus.PENDING:
            return _change(change, state.options.approval.needed)
    return UNSET


def _change(change: StatusChange, threshold: int) -> ChangeView:
    return ChangeView(
        id=change.id,
        status=change.to,
        reason=change.reason,
        proposed_by=change.proposed_by,
        proposed_at=change.proposed_at,
        approvals=len(change.approved_by),
        refusals=len(change.refused_by),
        threshold=threshold,
    )


def _definition(state: StewardshipState) -> DefinitionView:
    return DefinitionView(
        responsibilities=[each.definition for each in state.responsibilities],
        workflows=[each.definition for each in state.workflows],
        metrics=[each.definition for each in state.metrics],
        policies=[each.definition for each in state.policies],
        metadata=state.metadata,
        options=state.options,
    )

"""From what is sent to what is defined: zero values are unset, times are UTC, kinds are known."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from domain.errors import InvalidFieldError
from domain.stewardship.definition import (
    CONTACT_FIELDS,
    ActionDefinition,
    ApprovalDefinition,
    AuditDefinition,
    ConditionDefinition,
    EscalationDefinition,
    MetricDefinition,
    NotificationsDefinition,
    OptionsDefinition,
    PolicyDefinition,
    ResponsibilityDefinition,
    RetryPolicyDefinition,
    ScheduleDefinition,
    StepDefinition,
    StewardDefinition,
    StewardshipDefinition,
    TriggerDefinition,
    WorkflowDefinition,
)
from domain.stewardship.fields import (
    REQUIRED,
    check_email,
    check_required,
    check_steward,
    read_choice,
    read_duration,
)
from domain.stewardship.kinds import (
    BackoffStrategy,
    ResponsibilityStatus,
    ScheduleType,
    StewardRole,
    StewardshipType,
    StewardStatus,
    WorkflowStatus,
)
from domain.stewardship.reporting import ResponsibilityChange
from domain.stewardship.stewardship import StewardChange
from interfaces.rest.moments import read_moment
from interfaces.rest.stewardship.bodies import (
    ApprovalPart,
    AuditPart,
    ContactBody,
    EscalationPart,
    MetricPart,
    NotificationsPart,
    OptionsPart,
    PolicyPart,
    ResponsibilityChangeBody,
    ResponsibilityPart,
    RetryPolicyPart,
    SchedulePart,
    StepPart,
    StewardBody,
    StewardChangeBody,
    StewardPart,
    StewardshipBody,
    TriggerPart,
    WorkflowPart,
)

K = TypeVar("K", bound=StrEnum)

# The zero of Go's time, in whatever zone.
GO_ZERO = "0001-01-01T00:00:00"


def read_stewardship(body: StewardshipBody) -> StewardshipDefinition:
    """Read a stewardship to be set up. Raises InvalidFieldError, first for what is required."""
    stewards = body.stewards or []
    check_required(body.type, body.domain, [(each.user_id, each.role) for each in stewards])
    assert body.type is not None
    assert body.domain is not None
    return StewardshipDefinition(
        type=read_choice("type", body.type, StewardshipType),
        domain=body.domain,
        stewards=[_steward(f"stewards[{i}].", each) for i, each in enumerate(stewards)],
        responsibilities=[
            read_responsibility(f"responsibilities[{i}].", each)
            for i, each in enumerate(body.responsibilities or [])
        ],
        workflows=[
            _workflow(f"workflows[{i}].", each) for i, each in enumerate(body.workflows or [])
        ],
        metrics=[_metric(each) for each in body.metrics or []],
        policies=[_policy(each) for each in body.policies or []],
        metadata=body.metadata or {},
        options=_options(body.options or OptionsPart()),
    )


def read_steward(body: StewardBody) -> StewardDefinition:
    """Read somebody who becomes a steward. Raises InvalidFieldError."""
    check_steward("", body.user_id, body.role)
    return _steward("", body)


def read_steward_change(body: StewardChangeBody) -> StewardChange:
    """Read what is to be changed of a steward. Raises InvalidFieldError."""
    status = _choice("status", body.status, StewardStatus)
    if status not in (None, StewardStatus.ACTIVE, StewardStatus.SUSPENDED):
        raise InvalidFieldError("status", "must be active or suspended; dates say the rest")
    return StewardChange(
        role=_choice("role", body.role, StewardRole),
        permissions=body.permissions,
        start_date=read_time("start_date", body.start_date),
        end_date=read_time("end_date", body.end_date),
        is_primary=body.is_primary,
        contact_info=_contact("", body.contact_info),
        status=status,
    )


def read_responsibility(path: str, part: ResponsibilityPart) -> ResponsibilityDefinition:
    """Read a responsibility. Raises InvalidFieldError."""
    status = _choice(f"{path}status", part.status, ResponsibilityStatus)
    return ResponsibilityDefinition(
        id=part.id or "",
        name=part.name or "",
        description=part.description or "",
        type=part.type or "",
        priority=part.priority or "",
        frequency=part.frequency or "",
        due_date=read_time(f"{path}due_date", part.due_date),
        status=status or ResponsibilityStatus.PENDING,
        assigned_to=part.assigned_to or "",
    )


def read_responsibility_change(body: ResponsibilityChangeBody) -> ResponsibilityChange:
    """Read what is reported of a responsibility. Raises InvalidFieldError."""
    return ResponsibilityChange(
        progress=body.progress,
        status=_choice("status", body.status, ResponsibilityStatus),
        assigned_to=body.assigned_to or None,
        due_date=read_time("due_date", body.due_date),
    )


def read_required(field: str, text: str | None, choices: type[K]) -> K:
    """Read a choice that has to be made. Raises InvalidFieldError."""
    if not text:
        raise InvalidFieldError(field, REQUIRED)
    return read_choice(field, text, choices)


def read_time(field: str, text: str | None) -> datetime | None:
    """Read a moment; None where it is unset. Raises InvalidFieldError."""
    if not text or text.startswith(GO_ZERO):
        return None
    return read_moment(field, text)


def _choice(field: str, text: str | None, choices: type[K]) -> K | None:
    return read_choice(field, text, choices) if text else None


def _duration(field: str, given: str | int | None) -> str:
    return read_duration(field, given) if given else ""


def _steward(path: str, part: StewardPart) -> StewardDefinition:
    assert part.user_id is not None
    assert part.role is not None
    return StewardDefinition(
        user_id=part.user_id,
        role=read_choice(f"{path}role", part.role, StewardRole),
        permissions=part.permissions or [],
        start_date=read_time(f"{path}start_date", part.start_date),
        end_date=read_time(f"{path}end_date", part.end_date),
        is_primary=part.is_primary or False,
        contact_info=_contact(path, part.contact_info),
    )


def _contact(path: str, part: ContactBody | None) -> dict[str, str]:
    if part is None:
        return {}
    given = {field: getattr(part, field) for field in CONTACT_FIELDS if getattr(part, field)}
    if "email" in given:
        check_email(f"{path}contact_info.email", given["email"])
    return given


def _workflow(path: str, part: WorkflowPart) -> WorkflowDefinition:
    status = _choice(f"{path}status", part.status, WorkflowStatus)
    return WorkflowDefinition(
        id=part.id or "",
        name=part.name or "",
        description=part.description or "",
        steps=[_step(f"{path}steps[{i}].", each) for i, each in enumerate(part.steps or [])],
        triggers=[
            _trigger(f"{path}triggers[{i}].", each) for i, each in enumerate(part.triggers or [])
        ],
        status=status or WorkflowStatus.DRAFT,
        version=part.version or "",
    )


def _step(path: str, part: StepPart) -> StepDefinition:
    return StepDefinition(
        id=part.id or "",
        name=part.name or "",
        type=part.type or "",
        order=part.order or 0,
        assignee=part.assignee or "",
        conditions=[
            ConditionDefinition(
                field=each.field or "", operator=each.operator or "", value=each.value
            )
            for each in part.conditions or []
        ],
        actions=[
            ActionDefinition(
                type=each.type or "",
                target=each.target or "",
                params=each.params or {},
                priority=each.priority or 0,
            )
            for each in part.actions or []
        ],
        timeout=_duration(f"{path}timeout", part.timeout),
        retry_policy=_retry_policy(f"{path}retry_policy.", part.retry_policy or RetryPolicyPart()),
    )


def _retry_policy(path: str, part: RetryPolicyPart) -> RetryPolicyDefinition:
    strategy = _choice(f"{path}strategy", part.strategy, BackoffStrategy)
    return RetryPolicyDefinition(
        max_attempts=part.max_attempts or 0,
        backoff=_duration(f"{path}backoff", part.backoff),
        strategy=strategy or BackoffStrategy.FIXED,
    )


def _trigger(path: str, part: TriggerPart) -> TriggerDefinition:
    return TriggerDefinition(
        id=part.id or "",
        type=part.type or "",
        event=part.event or "",
        schedule=_schedule(f"{path}schedule.", part.schedule),
        condition=part.condition or "",
        enabled=part.enabled or False,
    )


def _schedule(path: str, part: SchedulePart | None) -> ScheduleDefinition | None:
    """Read a schedule; without a type it is by what is given, and without that there is none."""
    if part is None or not (part.type or part.cron or part.interval):
        return None
    by_default = ScheduleType.CRON if part.cron else ScheduleType.INTERVAL
    return ScheduleDefinition(
        type=_choice(f"{path}type", part.type, ScheduleType) or by_default,
        interval=_duration(f"{path}interval", part.interval),
        cron=part.cron or "",
    )


def _metric(part: MetricPart) -> MetricDefinition:
    tags: Mapping[str, str | None] = part.tags or {}
    return MetricDefinition(
        id=part.id or "",
        name=part.name or "",
        description=part.description or "",
        type=part.type or "",
        formula=part.formula or "",
        unit=part.unit or "",
        threshold=part.threshold or 0.0,
        frequency=part.frequency or "",
        dimensions=part.dimensions or [],
        tags={name: value or "" for name, value in tags.items()},
    )


def _policy(part: PolicyPart) -> PolicyDefinition:
    return PolicyDefinition(
        id=part.id or "",
        name=part.name or "",
        type=part.type or "",
        version=part.version or "",
        required=part.required or False,
    )


def _options(part: OptionsPart) -> OptionsDefinition:
    notifications = part.notifications or NotificationsPart()
    return OptionsDefinition(
        auto_assignment=part.auto_assignment or False,
        escalation=_escalation(part.escalation or EscalationPart()),
        notifications=NotificationsDefinition(
            **{
                name: getattr(notifications, name) or False
                for name in notifications.__struct_fields__
            }
        ),
        approval=_approval(part.approval or ApprovalPart()),
        audit=_audit(part.audit or AuditPart()),
    )


def _escalation(part: EscalationPart) -> EscalationDefinition:
    timeouts: Sequence[str | int | None] = part.timeouts or []
    return EscalationDefinition(
        enabled=part.enabled or False,
        levels=part.levels or 0,
        timeouts=[
            read_duration(f"options.escalation.timeouts[{i}]", each or "")
            for i, each in enumerate(timeouts)
        ],
        recipients=_names(part.recipients),
        auto_escalate=part.auto_escalate or False,
    )


def _approval(part: ApprovalPart) -> ApprovalDefinition:
    return ApprovalDefinition(
        required=part.required or False,
        approvers=_names(part.approvers),
        threshold=part.threshold or 0,
        auto_approve=part.auto_approve or False,
    )


def _names(given: Sequence[str] | None) -> list[str]:
    """Read whom a list names; what is left empty names nobody."""
    return [name for name in given or [] if name.strip()]


def _audit(part: AuditPart) -> AuditDefinition | None:
    """Read how much of the history is shown; nothing but zero values is nothing said."""
    if not any(getattr(part, name) for name in part.__struct_fields__):
        return None
    return AuditDefinition(
        enabled=part.enabled or False,
        retention=_duration("options.audit.retention", part.retention),
        events=part.events or [],
        export=part.export or False,
    )

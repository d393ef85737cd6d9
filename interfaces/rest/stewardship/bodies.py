"""What is sent about stewardships, as clients send it (contract section 8).

Clients written in Go send zero values: null, an empty text and what is left out are the same.
What is more than a type is checked when it is read, so that what is required is asked for first.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from interfaces.rest.bodies import MAX_BIGINT, Body

Given = Annotated[str, Meta(max_length=255)] | None
GivenId = Annotated[str, Meta(max_length=100)] | None
GivenText = Annotated[str, Meta(max_length=1000)] | None
GivenMoment = Annotated[
    str,
    Meta(
        max_length=100,
        description="A moment in ISO 8601, UTC unless it has an offset",
        extra_json_schema={"examples": ["2024-12-19T10:30:00Z"]},
    ),
]
GivenDuration = (
    Annotated[
        str,
        Meta(
            max_length=100,
            description="A duration, or nanoseconds as a number",
            extra_json_schema={"examples": ["1h", "5m", "7y"]},
        ),
    ]
    | Annotated[int, Meta(ge=-(2**63), le=MAX_BIGINT)]
    | None
)
Count = Annotated[int, Meta(ge=-(2**63), le=MAX_BIGINT)] | None
Texts = list[Annotated[str, Meta(max_length=255)]] | None
Number = Annotated[float, Meta(ge=-1e300, le=1e300)]


class Part(Struct, frozen=True, kw_only=True):
    """A part of what is sent."""


class ContactBody(Part, frozen=True, kw_only=True):
    """How a steward is reached."""

    email: Given = None
    phone: Given = None
    slack: Given = None
    teams: Given = None
    emergency: Given = None


class StewardPart(Part, frozen=True, kw_only=True):
    """A steward."""

    user_id: GivenId = None
    role: Given = None
    permissions: Texts = None
    start_date: GivenMoment | None = None
    end_date: GivenMoment | None = None
    is_primary: bool | None = None
    contact_info: ContactBody | None = None


class ResponsibilityPart(Part, frozen=True, kw_only=True):
    """A responsibility."""

    id: GivenId = None
    name: Given = None
    description: GivenText = None
    type: Given = None
    priority: Given = None
    frequency: Given = None
    due_date: GivenMoment | None = None
    status: Given = None
    assigned_to: GivenId = None


class ConditionPart(Part, frozen=True, kw_only=True):
    """A condition of a step: kept and shown, for whoever carries the step out."""

    field: Given = None
    operator: Given = None
    value: Any = None


class ActionPart(Part, frozen=True, kw_only=True):
    """An action of a step: kept and shown, for whoever carries the step out."""

    type: Given = None
    target: GivenText = None
    params: dict[str, Any] | None = None
    priority: Count = None


class RetryPolicyPart(Part, frozen=True, kw_only=True):
    """How a step is tried again."""

    max_attempts: Count = None
    backoff: GivenDuration = None
    strategy: Given = None


class StepPart(Part, frozen=True, kw_only=True):
    """A step of a workflow."""

    id: GivenId = None
    name: Given = None
    type: Given = None
    order: Count = None
    assignee: GivenId = None
    conditions: list[ConditionPart] | None = None
    actions: list[ActionPart] | None = None
    timeout: GivenDuration = None
    retry_policy: RetryPolicyPart | None = None


class SchedulePart(Part, frozen=True, kw_only=True):
    """When a trigger falls due."""

    type: Given = None
    interval: GivenDuration = None
    cron: Given = None


class TriggerPart(Part, frozen=True, kw_only=True):
    """What starts a workflow. Its ``condition`` is kept and shown, and it starts regardless."""

    id: GivenId = None
    type: Given = None
    event: Given = None
    schedule: SchedulePart | None = None
    condition: GivenText = None
    enabled: bool | None = None


class WorkflowPart(Part, frozen=True, kw_only=True):
    """A workflow."""

    id: GivenId = None
    name: Given = None
    description: GivenText = None
    steps: list[StepPart] | None = None
    triggers: list[TriggerPart] | None = None
    status: Given = None
    version: Given = None


class MetricPart(Part, frozen=True, kw_only=True):
    """A metric. Its ``formula`` is kept and shown; measurements are sent by whoever takes them."""

    id: GivenId = None
    name: Given = None
    description: GivenText = None
    type: Given = None
    formula: GivenText = None
    unit: Given = None
    threshold: Number | None = None
    frequency: Given = None
    dimensions: Texts = None
    tags: dict[str, Given] | None = None


class PolicyPart(Part, frozen=True, kw_only=True):
    """A policy."""

    id: GivenId = None
    name: Given = None
    type: Given = None
    version: Given = None
    required: bool | None = None


class EscalationPart(Part, frozen=True, kw_only=True):
    """Who is told of what is overdue, and when."""

    enabled: bool | None = None
    levels: Count = None
    timeouts: list[GivenDuration] | None = None
    recipients: Texts = None
    auto_escalate: bool | None = None


class NotificationsPart(Part, frozen=True, kw_only=True):
    """On which channels people are notified."""

    email: bool | None = None
    slack: bool | None = None
    teams: bool | None = None
    sms: bool | None = None
    webhook: bool | None = None


class ApprovalPart(Part, frozen=True, kw_only=True):
    """Whose approval a change of the status needs."""

    required: bool | None = None
    approvers: Texts = None
    threshold: Count = None
    auto_approve: bool | None = None


class AuditPart(Part, frozen=True, kw_only=True):
    """How much of the history is shown."""

    enabled: bool | None = None
    retention: GivenDuration = None
    events: Texts = None
    export: bool | None = None


class OptionsPart(Part, frozen=True, kw_only=True):
    """How a stewardship is conducted."""

    auto_assignment: bool | None = None
    escalation: EscalationPart | None = None
    notifications: NotificationsPart | None = None
    approval: ApprovalPart | None = None
    audit: AuditPart | None = None


class StewardshipBody(Body, frozen=True, kw_only=True):
    """A stewardship to be set up. Type, domain and at least one steward are required."""

    type: Given = None
    domain: Given = None
    stewards: list[StewardPart] | None = None
    responsibilities: list[ResponsibilityPart] | None = None
    workflows: list[WorkflowPart] | None = None
    metrics: list[MetricPart] | None = None
    policies: list[PolicyPart] | None = None
    metadata: dict[str, Any] | None = None
    options: OptionsPart | None = None


class StatusBody(Body, frozen=True, kw_only=True):
    """The status that a stewardship should have, and why."""

    status: Given = None
    reason: GivenText = None


class DecisionBody(Body, frozen=True, kw_only=True):
    """What an approver says: ``approve`` or ``reject``."""

    decision: Given = None
    comment: GivenText = None


class StewardBody(StewardPart, Body, frozen=True, kw_only=True):
    """Somebody who becomes a steward; user id and role are required."""


class StewardChangeBody(Body, frozen=True, kw_only=True):
    """What is to be changed of a steward; what is left out stays. ``status`` may suspend them."""

    role: Given = None
    permissions: Texts = None
    start_date: GivenMoment | None = None
    end_date: GivenMoment | None = None
    is_primary: bool | None = None
    contact_info: ContactBody | None = None
    status: Given = None


class ResponsibilityBody(ResponsibilityPart, Body, frozen=True, kw_only=True):
    """A responsibility to be added; its id is required."""


class ResponsibilityChangeBody(Body, frozen=True, kw_only=True):
    """What is reported of a responsibility; what is left out stays. Progress is 0 to 1."""

    progress: Annotated[float, Meta(ge=0, le=1)] | None = None
    status: Given = None
    assigned_to: GivenId = None
    due_date: GivenMoment | None = None


class MeasurementBody(Body, frozen=True, kw_only=True):
    """What a metric is, now or at a moment in the past."""

    value: Number
    measured_at: GivenMoment | None = None


class AuditBody(Body, frozen=True, kw_only=True):
    """What an audit found: so many checks, of which so many found a violation."""

    checks: Annotated[int, Meta(ge=1, le=MAX_BIGINT)]
    violations: Annotated[int, Meta(ge=0, le=MAX_BIGINT)]


class WorkflowStatusBody(Body, frozen=True, kw_only=True):
    """The status that a workflow should have."""

    status: Given = None


class StepOutcomeBody(Body, frozen=True, kw_only=True):
    """How a step ended: ``success`` or ``failure``."""

    outcome: Given = None
    note: GivenText = None

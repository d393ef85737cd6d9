"""What a stewardship is made of, as its maker defined it. Durations are texts such as ``1h``.

An empty text, an empty list and None stand for what was left unset.
"""

from datetime import datetime
from typing import Any

import msgspec

from domain.personal import REDACTED
from domain.stewardship.kinds import (
    BackoffStrategy,
    Channel,
    ResponsibilityStatus,
    ScheduleType,
    StewardRole,
    StewardshipType,
    WorkflowStatus,
)

CONTACT_FIELDS = ("email", "phone", "slack", "teams", "emergency")


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what was defined."""


class StewardDefinition(Definition, frozen=True, kw_only=True):
    """Somebody who takes care. ``contact_info`` holds only what was given, by its field."""

    user_id: str
    role: StewardRole
    permissions: list[str] = msgspec.field(default_factory=list)
    start_date: datetime | None = None
    end_date: datetime | None = None
    is_primary: bool = False
    contact_info: dict[str, str] = msgspec.field(default_factory=dict)


class ResponsibilityDefinition(Definition, frozen=True, kw_only=True):
    """Something to be done by somebody until a moment."""

    id: str
    name: str
    description: str = ""
    type: str = ""
    priority: str = ""
    frequency: str = ""
    due_date: datetime | None = None
    status: ResponsibilityStatus = ResponsibilityStatus.PENDING
    assigned_to: str = ""


class ConditionDefinition(Definition, frozen=True, kw_only=True):
    """A condition of a step: kept for whoever carries it out."""

    field: str = ""
    operator: str = ""
    value: Any = None


class ActionDefinition(Definition, frozen=True, kw_only=True):
    """An action of a step: kept for whoever carries it out."""

    type: str = ""
    target: str = ""
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    priority: int = 0


class RetryPolicyDefinition(Definition, frozen=True, kw_only=True):
    """How often a step is tried, and how long the pauses are; 0 attempts mean one."""

    max_attempts: int = 0
    backoff: str = ""
    strategy: BackoffStrategy = BackoffStrategy.FIXED


class StepDefinition(Definition, frozen=True, kw_only=True):
    """A step of a workflow; its attempts are cut off after ``timeout``."""

    id: str
    name: str
    type: str = ""
    order: int = 0
    assignee: str = ""
    conditions: list[ConditionDefinition] = msgspec.field(default_factory=list)
    actions: list[ActionDefinition] = msgspec.field(default_factory=list)
    timeout: str = ""
    retry_policy: RetryPolicyDefinition = msgspec.field(default_factory=RetryPolicyDefinition)


class ScheduleDefinition(Definition, frozen=True, kw_only=True):
    """When a trigger falls due: by a cron expression in UTC, or whenever an interval has passed."""

    type: ScheduleType
    interval: str = ""
    cron: str = ""


class TriggerDefinition(Definition, frozen=True, kw_only=True):
    """What starts a workflow: its schedule, or somebody who names its event."""

    id: str
    type: str = ""
    event: str = ""
    schedule: ScheduleDefinition | None = None
    condition: str = ""
    enabled: bool = False


class WorkflowDefinition(Definition, frozen=True, kw_only=True):
    """Steps in an order, and what starts them."""

    id: str
    name: str
    description: str = ""
    steps: list[StepDefinition] = msgspec.field(default_factory=list)
    triggers: list[TriggerDefinition] = msgspec.field(default_factory=list)
    status: WorkflowStatus = WorkflowStatus.DRAFT
    version: str = ""

    @property
    def ordered_steps(self) -> list[StepDefinition]:
        """The steps in the order in which they are carried out."""
        return sorted(self.steps, key=lambda step: step.order)


class MetricDefinition(Definition, frozen=True, kw_only=True):
    """Something that is measured, with the threshold that it is held against.

    More is better, unless the tag ``direction`` says ``lower``.
    """

    id: str
    name: str
    description: str = ""
    type: str = ""
    formula: str = ""
    unit: str = ""
    threshold: float = 0.0
    frequency: str = ""
    dimensions: list[str] = msgspec.field(default_factory=list)
    tags: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def lower_is_better(self) -> bool:
        """Whether the metric is met at the threshold and below."""
        return self.tags.get("direction") in ("lower", "lower_is_better")


class PolicyDefinition(Definition, frozen=True, kw_only=True):
    """Something that is audited."""

    id: str
    name: str
    type: str = ""
    version: str = ""
    required: bool = False


class EscalationDefinition(Definition, frozen=True, kw_only=True):
    """Who is told when a responsibility is overdue for longer than each of the timeouts."""

    enabled: bool = False
    levels: int = 0
    timeouts: list[str] = msgspec.field(default_factory=list)
    recipients: list[str] = msgspec.field(default_factory=list)
    auto_escalate: bool = False


class NotificationsDefinition(Definition, frozen=True, kw_only=True):
    """On which channels people are notified."""

    email: bool = False
    slack: bool = False
    teams: bool = False
    sms: bool = False
    webhook: bool = False

    @property
    def channels(self) -> list[Channel]:
        """The channels that are wanted."""
        return [channel for channel in Channel if getattr(self, channel)]


class ApprovalDefinition(Definition, frozen=True, kw_only=True):
    """Whether changes of the status wait for so many of the approvers; 0 of them mean one."""

    required: bool = False
    approvers: list[str] = msgspec.field(default_factory=list)
    threshold: int = 0
    auto_approve: bool = False

    @property
    def known_approvers(self) -> list[str]:
        """The approvers whose address has not been erased."""
        return [approver for approver in self.approvers if approver != REDACTED]

    @property
    def needed(self) -> int:
        """How many have to approve: never more than there are to do it."""
        approvers = len(self.known_approvers)
        needed = max(self.threshold, 1)
        return min(needed, approvers) if approvers else needed


class AuditDefinition(Definition, frozen=True, kw_only=True):
    """How much of the history is shown, for how long, and whether it is exported."""

    enabled: bool = False
    retention: str = ""
    events: list[str] = msgspec.field(default_factory=list)
    export: bool = False


class OptionsDefinition(Definition, frozen=True, kw_only=True):
    """How a stewardship is conducted. A part that was not given is None."""

    auto_assignment: bool = False
    escalation: EscalationDefinition = msgspec.field(default_factory=EscalationDefinition)
    notifications: NotificationsDefinition = msgspec.field(default_factory=NotificationsDefinition)
    approval: ApprovalDefinition = msgspec.field(default_factory=ApprovalDefinition)
    audit: AuditDefinition | None = None


class StewardshipDefinition(Definition, frozen=True, kw_only=True):
    """All that a stewardship begins with."""

    type: StewardshipType
    domain: str
    stewards: list[StewardDefinition]
    responsibilities: list[ResponsibilityDefinition] = msgspec.field(default_factory=list)
    workflows: list[WorkflowDefinition] = msgspec.field(default_factory=list)
    metrics: list[MetricDefinition] = msgspec.field(default_factory=list)
    policies: list[PolicyDefinition] = msgspec.field(default_factory=list)
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    options: OptionsDefinition = msgspec.field(default_factory=OptionsDefinition)

"""A stewardship as its events have made it: what its rules and its figures go by."""

import math
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import msgspec

from domain.stewardship.addresses import NamedAddress, found_as, is_address
from domain.stewardship.definition import (
    MetricDefinition,
    OptionsDefinition,
    PolicyDefinition,
    ResponsibilityDefinition,
    StewardDefinition,
    WorkflowDefinition,
)
from domain.stewardship.kinds import (
    ChangeStatus,
    ExecutionStatus,
    MetricStatus,
    ResponsibilityStatus,
    StepStatus,
    StewardshipStatus,
    StewardshipType,
    StewardStatus,
    Trend,
    WorkflowStatus,
)

# What is kept; everything there was is in the history.
TREND_DAYS = 30
FINISHED_EXECUTIONS = 50
SETTLED_CHANGES = 50
NOTIFICATIONS = 500

STABLE_WITHIN = 0.01


class Steward(msgspec.Struct, kw_only=True):
    """A steward; ``number`` tells the subject of the contact details from other stewards'."""

    number: int
    definition: StewardDefinition
    since: datetime
    is_suspended: bool = False

    def status_at(self, now: datetime) -> StewardStatus:
        """Tell whether the steward acts at a moment."""
        if self.definition.end_date is not None and self.definition.end_date <= now:
            return StewardStatus.INACTIVE
        if self.is_suspended:
            return StewardStatus.SUSPENDED
        if self.definition.start_date is not None and self.definition.start_date > now:
            return StewardStatus.PENDING
        return StewardStatus.ACTIVE


class KnownSteward(msgspec.Struct, kw_only=True):
    """Somebody who is or was a steward, and which contact details were ever recorded of them."""

    user_id: str
    number: int
    contact_fields: list[str]
    is_neutralized: bool = False


class Work(msgspec.Struct, kw_only=True):
    """What somebody has done: completed tasks, those of them on time, and how long they took."""

    user_id: str
    completed: int = 0
    on_time: int = 0
    response_seconds: float = 0.0
    last_activity: datetime | None = None


class Responsibility(msgspec.Struct, kw_only=True):
    """A responsibility; ``assigned_at`` is since when the time of whom it is assigned to runs."""

    definition: ResponsibilityDefinition
    status: ResponsibilityStatus
    progress: float
    due_date: datetime | None
    assigned_to: str
    assigned_at: datetime
    updated_at: datetime
    fell_overdue: bool = False
    escalated_to: int = 0

    @property
    def is_completed(self) -> bool:
        """Whether it is done."""
        return self.status == ResponsibilityStatus.COMPLETED

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it should have been completed by a moment and is not."""
        return not self.is_completed and self.due_date is not None and self.due_date < now

    def status_at(self, now: datetime) -> ResponsibilityStatus:
        """Tell the status at a moment."""
        return ResponsibilityStatus.OVERDUE if self.is_overdue(now) else self.status


class Measurement(msgspec.Struct, frozen=True):
    """What a metric was at a moment."""

    value: float
    measured_at: datetime


class Metric(msgspec.Struct, kw_only=True):
    """A metric with its last two measurements, oldest first."""

    definition: MetricDefinition
    updated_at: datetime
    measurements: list[Measurement] = msgspec.field(default_factory=list)

    @property
    def current_value(self) -> float:
        """The last measurement; 0.0 before the first."""
        return self.measurements[-1].value if self.measurements else 0.0

    @property
    def status(self) -> MetricStatus:
        """How the last measurement compares with the threshold."""
        if not self.measurements:
            return MetricStatus.PENDING
        threshold, value = self.definition.threshold, self.current_value
        is_met = value <= threshold if self.definition.lower_is_better else value >= threshold
        return MetricStatus.MET if is_met else MetricStatus.BREACHED

    @property
    def trend(self) -> Trend:
        """Where the last two measurements point; within 1 % of the first it is stable."""
        if len(self.measurements) < 2:  # noqa: PLR2004 - it takes two
            return Trend.STABLE
        before, now = (measurement.value for measurement in self.measurements[-2:])
        moved, limit = abs(now - before), STABLE_WITHIN * abs(before)
        if moved <= limit or math.isclose(moved, limit):
            return Trend.STABLE
        is_better = now < before if self.definition.lower_is_better else now > before
        return Trend.IMPROVING if is_better else Trend.DECLINING

    def take(self, measurement: Measurement) -> None:
        """Take a measurement in; one from before the last two changes nothing."""
        taken = sorted([*self.measurements, measurement], key=lambda each: each.measured_at)
        self.measurements = taken[-2:]


class Policy(msgspec.Struct, kw_only=True):
    """A policy with its last audit."""

    definition: PolicyDefinition
    checks: int = 0
    violations: int = 0
    last_audit: datetime | None = None

    @property
    def compliance_rate(self) -> float:
        """The part of the last audit's checks that found no violation; 1.0 before the first."""
        return 1 - self.violations / self.checks if self.checks else 1.0


class TriggerMark(msgspec.Struct, kw_only=True):
    """Up to which due moment a trigger has started its workflow."""

    trigger_id: str
    due_at: datetime


class Workflow(msgspec.Struct, kw_only=True):
    """A workflow with what its executions came to; ``since`` is when it got its status."""

    definition: WorkflowDefinition
    status: WorkflowStatus
    since: datetime
    total_executions: int = 0
    successful_runs: int = 0
    finished_runs: int = 0
    duration_seconds: float = 0.0
    last_execution: datetime | None = None
    marks: list[TriggerMark] = msgspec.field(default_factory=list)

    def fired_until(self, trigger_id: str) -> datetime | None:
        """Give the last due moment at which a trigger started the workflow."""
        found = [mark.due_at for mark in self.marks if mark.trigger_id == trigger_id]
        return found[0] if found else None


class ExecutionStep(msgspec.Struct, kw_only=True):
    """A step of an execution; ``deadline`` and ``retry_at`` are there while they are waited for."""

    step_id: str
    status: StepStatus = StepStatus.PENDING
    attempt: int = 0
    deadline: datetime | None = None
    retry_at: datetime | None = None


class Execution(msgspec.Struct, kw_only=True):
    """A workflow that is or was carried out, its steps in order."""

    id: str
    workflow_id: str
    trigger_id: str | None
    started_at: datetime
    steps: list[ExecutionStep]
    status: ExecutionStatus = ExecutionStatus.RUNNING
    finished_at: datetime | None = None

    def step(self, step_id: str) -> ExecutionStep:
        """Give a step, of which there must be one."""
        return next(step for step in self.steps if step.step_id == step_id)


class StatusChange(msgspec.Struct, kw_only=True):
    """A change of the status that was proposed, with who said what to it."""

    id: str
    to: StewardshipStatus
    reason: str
    proposed_by: str
    proposed_at: datetime
    status: ChangeStatus = ChangeStatus.PENDING
    approved_by: list[str] = msgspec.field(default_factory=list)
    refused_by: list[str] = msgspec.field(default_factory=list)
    settled_at: datetime | None = None


class Day(msgspec.Struct, kw_only=True):
    """How the responsibilities stood after the last event of a day."""

    at: datetime
    total: int
    completed: int
    overdue: int
    progress: float


class StewardshipState(msgspec.Struct, kw_only=True, dict=True):
    """A stewardship. ``known`` has everybody who ever was a steward of it.

    ``days`` are those that are over; the one of ``updated_at`` follows from the state itself.
    ``addresses`` are those among the options that have not been erased.
    """

    type: StewardshipType
    domain: str
    status: StewardshipStatus
    active_since: datetime
    metadata: dict[str, Any]
    options: OptionsDefinition
    stewards: list[Steward]
    known: list[KnownSteward]
    work: list[Work]
    responsibilities: list[Responsibility]
    workflows: list[Workflow]
    metrics: list[Metric]
    policies: list[Policy]
    executions: list[Execution]
    executions_begun: int
    changes: list[StatusChange]
    changes_proposed: int
    notified: list[str]
    days: list[Day]
    created_at: datetime
    updated_at: datetime
    addresses: list[NamedAddress] = msgspec.field(default_factory=list)

    @cached_property
    def _responsibilities_by_id(self) -> dict[str, Responsibility]:
        return {}

    def steward(self, user_id: str) -> Steward | None:
        """Find a steward."""
        return next((s for s in self.stewards if s.definition.user_id == user_id), None)

    def known_steward(self, user_id: str) -> KnownSteward | None:
        """Find somebody who is or was a steward."""
        return next((known for known in self.known if known.user_id == user_id), None)

    def responsibility(self, responsibility_id: str) -> Responsibility | None:
        """Find a responsibility, of which there may be thousands; none is ever taken away."""
        found = self._responsibilities_by_id
        for each in self.responsibilities[len(found) :]:
            found[each.definition.id] = each
        return found.get(responsibility_id)

    def emails_of(self, user_id: str) -> list[str]:
        """Give the e-mail addresses of a steward that have not been erased."""
        steward = self.steward(user_id)
        given = steward.definition.contact_info if steward is not None else {}
        return [given[field] for field in ("email", "teams") if is_address(given.get(field, ""))]

    def holding(self, name: str) -> list[KnownSteward]:
        """Find whose contact details there are, by their user id or an e-mail address."""
        return [
            known
            for known in self.known
            if known.contact_fields
            and not known.is_neutralized
            and found_as(name) in map(found_as, [known.user_id, *self.emails_of(known.user_id)])
        ]

    def reachable(self) -> list[str]:
        """Name everybody of whom there is something to erase, as they are found."""
        names = [
            name
            for known in self.known
            if known.contact_fields and not known.is_neutralized
            for name in (known.user_id, *self.emails_of(known.user_id))
        ]
        names += [each.address for each in self.addresses]
        return list(dict.fromkeys(map(found_as, names)))

    def workflow(self, workflow_id: str) -> Workflow | None:
        """Find a workflow."""
        return next((w for w in self.workflows if w.definition.id == workflow_id), None)

    def metric(self, metric_id: str) -> Metric | None:
        """Find a metric."""
        return next((m for m in self.metrics if m.definition.id == metric_id), None)

    def policy(self, policy_id: str) -> Policy | None:
        """Find a policy."""
        return next((p for p in self.policies if p.definition.id == policy_id), None)

    def execution(self, execution_id: str) -> Execution | None:
        """Find an execution among those that are kept."""
        return next((e for e in self.executions if e.id == execution_id), None)

    def change(self, change_id: str) -> StatusChange | None:
        """Find a proposed change among those that are kept."""
        return next((change for change in self.changes if change.id == change_id), None)

    def work_of(self, user_id: str) -> Work:
        """Give somebody's work, to be added to."""
        for work in self.work:
            if work.user_id == user_id:
                return work
        begun = Work(user_id=user_id)
        self.work.append(begun)
        return begun

    def note_activity(self, user_id: str, at: datetime) -> None:
        """Note that something changed somebody's work."""
        if user_id:
            self.work_of(user_id).last_activity = at

    def open_executions(self, workflow_id: str) -> list[Execution]:
        """Give the executions of a workflow that are under way."""
        return [
            execution
            for execution in self.executions
            if execution.workflow_id == workflow_id and execution.status == ExecutionStatus.RUNNING
        ]

    def reach(self, at: datetime) -> None:
        """Come to the moment of an event: the day before it is over, if that was the last one's."""
        if not is_same_day(self.updated_at, at):
            self.days = [*self.days, self.day(self.updated_at)][1 - TREND_DAYS :]
        self.updated_at = at

    def day(self, at: datetime) -> Day:
        """Tell how the responsibilities stand at a moment."""
        return Day(
            at=at,
            total=len(self.responsibilities),
            completed=sum(each.is_completed for each in self.responsibilities),
            overdue=sum(each.is_overdue(at) for each in self.responsibilities),
            progress=sum(each.progress for each in self.responsibilities),
        )


def is_same_day(moment: datetime, other: datetime) -> bool:
    """Tell whether two moments are of the same day in UTC."""
    return moment.astimezone(UTC).date() == other.astimezone(UTC).date()

"""What happens to a stewardship: its status, its stewards, what they do and what is measured."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.events import CreatedEvent, DomainEvent
from domain.stewardship.definition import (
    MetricDefinition,
    OptionsDefinition,
    PolicyDefinition,
    WorkflowDefinition,
)
from domain.stewardship.kinds import (
    ChangeStatus,
    MetricStatus,
    StewardshipStatus,
    StewardshipType,
)
from domain.stewardship.state import (
    SETTLED_CHANGES,
    Measurement,
    Metric,
    Policy,
    StatusChange,
    StewardshipState,
    Workflow,
)

if TYPE_CHECKING:
    from domain.stewardship.stewardship import Stewardship


def steward_subject(stewardship_key: int | str, number: int) -> str:
    """Name the subject of a steward's contact details: the person in this one stewardship."""
    return f"stewardship-{stewardship_key}-steward-{number}"


class StewardshipCreated(CreatedEvent, frozen=True, kw_only=True):
    """A stewardship was set up; its stewards and responsibilities follow at once."""

    TOPIC = "StewardshipCreated"

    type: StewardshipType
    domain: str
    workflows: list[WorkflowDefinition]
    metrics: list[MetricDefinition]
    policies: list[PolicyDefinition]
    metadata: dict[str, Any]
    options: OptionsDefinition

    def begin(self) -> StewardshipState:
        """Give the state that it begins with."""
        at = self.timestamp
        return StewardshipState(
            type=self.type,
            domain=self.domain,
            status=StewardshipStatus.ACTIVE,
            active_since=at,
            metadata=self.metadata,
            options=self.options,
            stewards=[],
            known=[],
            work=[],
            responsibilities=[],
            workflows=[
                Workflow(definition=each, status=each.status, since=at) for each in self.workflows
            ],
            metrics=[Metric(definition=each, updated_at=at) for each in self.metrics],
            policies=[Policy(definition=each) for each in self.policies],
            executions=[],
            executions_begun=0,
            changes=[],
            changes_proposed=0,
            notified=[],
            days=[],
            created_at=at,
            updated_at=at,
        )

    def apply(self, aggregate: "Stewardship") -> None:
        """Begin active."""
        aggregate.state = self.begin()


class StewardshipEvent(DomainEvent, frozen=True, kw_only=True):
    """Something happened to a stewardship that there is."""

    def change(self, state: StewardshipState) -> None:
        """Bring the state to where the event leaves it."""
        raise NotImplementedError

    def fold(self, state: StewardshipState) -> None:
        """Bring the state to the moment of the event, and then to where the event leaves it."""
        state.reach(self.timestamp)
        self.change(state)

    def apply(self, aggregate: "Stewardship") -> None:
        """Bring the stewardship to where the event leaves it."""
        self.fold(aggregate.state)


class StewardshipStatusChanged(StewardshipEvent, frozen=True, kw_only=True):
    """A stewardship got another status; ``change_id`` names the change if it was approved."""

    TOPIC = "StewardshipStatusChanged"

    previous: StewardshipStatus
    status: StewardshipStatus
    reason: str
    change_id: str | None

    def change(self, state: StewardshipState) -> None:
        """Stand there; what falls due while it is not active is let pass."""
        if self.status == StewardshipStatus.ACTIVE:
            state.active_since = self.timestamp
        state.status = self.status
        if self.change_id is not None:
            _settle(state, self.change_id, ChangeStatus.APPROVED, self.timestamp)


class StatusChangeProposed(StewardshipEvent, frozen=True, kw_only=True):
    """A change of the status waits for its approval."""

    TOPIC = "StatusChangeProposed"

    change_id: str
    status: StewardshipStatus
    reason: str
    proposed_by: str

    def change(self, state: StewardshipState) -> None:
        """Let it wait."""
        state.changes_proposed += 1
        state.changes.append(
            StatusChange(
                id=self.change_id,
                to=self.status,
                reason=self.reason,
                proposed_by=self.proposed_by,
                proposed_at=self.timestamp,
            )
        )


class StatusChangeDecision(StewardshipEvent, frozen=True, kw_only=True):
    """An approver said something to a proposed change; ``decided_by`` is the actor."""

    change_id: str
    decided_by: str
    comment: str


class StatusChangeApproved(StatusChangeDecision, frozen=True, kw_only=True):
    """An approver is for a proposed change."""

    TOPIC = "StatusChangeApproved"

    def change(self, state: StewardshipState) -> None:
        """Count the approver."""
        _change(state, self.change_id).approved_by.append(self.decided_by)


class StatusChangeRefused(StatusChangeDecision, frozen=True, kw_only=True):
    """An approver is against a proposed change."""

    TOPIC = "StatusChangeRefused"

    def change(self, state: StewardshipState) -> None:
        """Count the approver."""
        _change(state, self.change_id).refused_by.append(self.decided_by)


class StatusChangeRejected(StewardshipEvent, frozen=True, kw_only=True):
    """A proposed change can no longer be approved."""

    TOPIC = "StatusChangeRejected"

    change_id: str
    status: StewardshipStatus

    def change(self, state: StewardshipState) -> None:
        """Let it rest."""
        _settle(state, self.change_id, ChangeStatus.REJECTED, self.timestamp)


class MetricMeasured(StewardshipEvent, frozen=True, kw_only=True):
    """A metric was measured; the statuses are before and after it."""

    TOPIC = "MetricMeasured"

    metric_id: str
    value: float
    measured_at: datetime
    previous_status: MetricStatus
    status: MetricStatus

    def change(self, state: StewardshipState) -> None:
        """Go by the measurement."""
        metric = state.metric(self.metric_id)
        assert metric is not None
        metric.take(Measurement(self.value, self.measured_at))
        metric.updated_at = self.timestamp


class PolicyAudited(StewardshipEvent, frozen=True, kw_only=True):
    """A policy was audited: so many checks, of which so many found a violation."""

    TOPIC = "PolicyAudited"

    policy_id: str
    checks: int
    violations: int

    def change(self, state: StewardshipState) -> None:
        """Go by the audit."""
        policy = state.policy(self.policy_id)
        assert policy is not None
        policy.checks = self.checks
        policy.violations = self.violations
        policy.last_audit = self.timestamp


def _change(state: StewardshipState, change_id: str) -> StatusChange:
    change = state.change(change_id)
    assert change is not None
    return change


def _settle(state: StewardshipState, change_id: str, status: ChangeStatus, at: datetime) -> None:
    change = _change(state, change_id)
    change.status = status
    change.settled_at = at
    settled = [each for each in state.changes if each.status != ChangeStatus.PENDING]
    forgotten = settled[:-SETTLED_CHANGES]
    state.changes = [each for each in state.changes if each not in forgotten]

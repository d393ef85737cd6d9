"""What happens to a stewardship: its status, its stewards, what they do and what is measured."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from domain.events import CreatedEvent, DomainEvent, RedactionEvent
from domain.personal import Personal
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
    MetricStatus,
    ResponsibilityStatus,
    StewardRole,
    StewardshipStatus,
    StewardshipType,
)
from domain.stewardship.state import (
    SETTLED_CHANGES,
    KnownSteward,
    Measurement,
    Metric,
    Policy,
    Responsibility,
    StatusChange,
    Steward,
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


class StewardEvent(StewardshipEvent, frozen=True, kw_only=True):
    """Something happened to a steward, whose contact details have a subject of their own."""

    user_id: str
    number: int

    @property
    def subject(self) -> str:
        """The person in this stewardship."""
        return f"{self.originator_id}-steward-{self.number}"

    def _steward(self, state: StewardshipState) -> Steward:
        steward = state.steward(self.user_id)
        assert steward is not None
        return steward


class StewardAssigned(StewardEvent, frozen=True, kw_only=True):
    """Somebody became a steward. ``contact_info`` holds only what was given."""

    TOPIC = "StewardAssigned"

    role: StewardRole
    permissions: list[str]
    start_date: datetime | None
    end_date: datetime | None
    is_primary: bool
    contact_info: Personal[dict[str, str]]

    def change(self, state: StewardshipState) -> None:
        """Count them among the stewards."""
        definition = StewardDefinition(
            user_id=self.user_id,
            role=self.role,
            permissions=self.permissions,
            start_date=self.start_date,
            end_date=self.end_date,
            is_primary=self.is_primary,
            contact_info=self.contact_info,
        )
        state.stewards.append(
            Steward(number=self.number, definition=definition, since=self.timestamp)
        )
        known = state.known_steward(self.user_id)
        if known is None:
            known = KnownSteward(user_id=self.user_id, number=self.number, contact_fields=[])
            state.known.append(known)
        _know(known, self.contact_info)


class StewardChanged(StewardEvent, frozen=True, kw_only=True):
    """What a steward may do, or from when to when, was changed; None stays as it is."""

    TOPIC = "StewardChanged"

    role: StewardRole | None
    permissions: list[str] | None
    start_date: datetime | None
    end_date: datetime | None
    is_primary: bool | None

    def change(self, state: StewardshipState) -> None:
        """Take what is given."""
        steward = self._steward(state)
        names = ("role", "permissions", "start_date", "end_date", "is_primary")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        steward.definition = msgspec.structs.replace(steward.definition, **given)


class StewardContactChanged(StewardEvent, frozen=True, kw_only=True):
    """A steward has other contact details; these are all of them."""

    TOPIC = "StewardContactChanged"

    contact_info: Personal[dict[str, str]]

    def change(self, state: StewardshipState) -> None:
        """Put them in place of the old."""
        steward = self._steward(state)
        steward.definition = msgspec.structs.replace(
            steward.definition, contact_info=self.contact_info
        )
        known = state.known_steward(self.user_id)
        assert known is not None
        _know(known, self.contact_info)


class StewardSuspended(StewardEvent, frozen=True, kw_only=True):
    """A steward does not act for the time being."""

    TOPIC = "StewardSuspended"

    def change(self, state: StewardshipState) -> None:
        """Let them rest."""
        self._steward(state).is_suspended = True


class StewardReinstated(StewardEvent, frozen=True, kw_only=True):
    """A steward who was suspended acts again."""

    TOPIC = "StewardReinstated"

    def change(self, state: StewardshipState) -> None:
        """Let them act."""
        self._steward(state).is_suspended = False


class StewardRemoved(StewardEvent, frozen=True, kw_only=True):
    """Somebody is a steward no longer; what they are responsible for stays assigned to them."""

    TOPIC = "StewardRemoved"

    def change(self, state: StewardshipState) -> None:
        """Count them out."""
        state.stewards.remove(self._steward(state))


class StewardNeutralized(RedactionEvent, frozen=True, kw_only=True):
    """The contact details of a steward were erased for good, also those from before."""

    TOPIC = "StewardNeutralized"

    user_id: str
    number: int

    @property
    def subject(self) -> str:
        """The person in this stewardship."""
        return f"{self.originator_id}-steward-{self.number}"

    def fold(self, state: StewardshipState) -> None:
        """Forget them; that there were some, the earlier events still tell."""
        state.reach(self.timestamp)
        steward = state.steward(self.user_id)
        if steward is not None:
            steward.definition = msgspec.structs.replace(steward.definition, contact_info={})
        known = state.known_steward(self.user_id)
        assert known is not None
        known.is_neutralized = True

    def apply(self, aggregate: "Stewardship") -> None:
        """Forget them."""
        self.fold(aggregate.state)


class ResponsibilityAdded(StewardshipEvent, frozen=True, kw_only=True):
    """Something is to be done; ``assigned_to`` is who it fell to if nobody was named."""

    TOPIC = "ResponsibilityAdded"

    definition: ResponsibilityDefinition
    assigned_to: str

    def change(self, state: StewardshipState) -> None:
        """Count it among the responsibilities."""
        state.responsibilities.append(
            Responsibility(
                definition=self.definition,
                status=self.definition.status,
                progress=0.0,
                due_date=self.definition.due_date,
                assigned_to=self.assigned_to,
                assigned_at=self.timestamp,
                updated_at=self.timestamp,
            )
        )
        state.note_activity(self.assigned_to, self.timestamp)


class ResponsibilityEvent(StewardshipEvent, frozen=True, kw_only=True):
    """Something happened to a responsibility."""

    responsibility_id: str

    def changed(self, state: StewardshipState) -> Responsibility:
        """Give the responsibility, with the activity noted of whom it is assigned to."""
        responsibility = state.responsibility(self.responsibility_id)
        assert responsibility is not None
        responsibility.updated_at = self.timestamp
        state.note_activity(responsibility.assigned_to, self.timestamp)
        return responsibility


class ResponsibilityProgressed(ResponsibilityEvent, frozen=True, kw_only=True):
    """Somebody told how far a responsibility has come, from 0 to 1."""

    TOPIC = "ResponsibilityProgressed"

    previous: float
    progress: float

    def change(self, state: StewardshipState) -> None:
        """Let it be in progress."""
        responsibility = self.changed(state)
        responsibility.progress = self.progress
        responsibility.status = ResponsibilityStatus.IN_PROGRESS


class ResponsibilityCompleted(ResponsibilityEvent, frozen=True, kw_only=True):
    """A responsibility was done, by whom it is assigned to then."""

    TOPIC = "ResponsibilityCompleted"

    assigned_to: str
    due_date: datetime | None

    def change(self, state: StewardshipState) -> None:
        """Credit it to whom it is assigned to."""
        responsibility = self.changed(state)
        responsibility.status = ResponsibilityStatus.COMPLETED
        responsibility.progress = 1.0
        if self.assigned_to:
            work = state.work_of(self.assigned_to)
            took = self.timestamp - responsibility.assigned_at
            work.completed += 1
            work.on_time += self.due_date is None or self.timestamp <= self.due_date
            work.response_seconds += max(took.total_seconds(), 0.0)


class ResponsibilityReopened(ResponsibilityEvent, frozen=True, kw_only=True):
    """A responsibility is to be done again, or begun again; its time runs from now on."""

    TOPIC = "ResponsibilityReopened"

    status: ResponsibilityStatus
    progress: float

    def change(self, state: StewardshipState) -> None:
        """Begin again."""
        responsibility = self.changed(state)
        responsibility.status = self.status
        responsibility.progress = self.progress
        responsibility.assigned_at = self.timestamp
        responsibility.fell_overdue = False
        responsibility.escalated_to = 0


class ResponsibilityReassigned(ResponsibilityEvent, frozen=True, kw_only=True):
    """A responsibility is somebody else's now, whose time runs from now on."""

    TOPIC = "ResponsibilityReassigned"

    previous: str
    assigned_to: str

    def change(self, state: StewardshipState) -> None:
        """Hand it over."""
        responsibility = self.changed(state)
        responsibility.assigned_to = self.assigned_to
        responsibility.assigned_at = self.timestamp
        state.note_activity(self.assigned_to, self.timestamp)


class ResponsibilityRescheduled(ResponsibilityEvent, frozen=True, kw_only=True):
    """A responsibility has another due date; escalation begins anew."""

    TOPIC = "ResponsibilityRescheduled"

    previous: datetime | None
    due_date: datetime

    def change(self, state: StewardshipState) -> None:
        """Wait until then."""
        responsibility = self.changed(state)
        responsibility.due_date = self.due_date
        responsibility.fell_overdue = False
        responsibility.escalated_to = 0


class ResponsibilityFellOverdue(ResponsibilityEvent, frozen=True, kw_only=True):
    """The due date of an open responsibility has passed."""

    TOPIC = "ResponsibilityFellOverdue"

    due_date: datetime
    assigned_to: str

    def change(self, state: StewardshipState) -> None:
        """Tell of it once."""
        responsibility = state.responsibility(self.responsibility_id)
        assert responsibility is not None
        responsibility.fell_overdue = True


class ResponsibilityEscalated(ResponsibilityEvent, frozen=True, kw_only=True):
    """An overdue responsibility came to a level of escalation, counted from 1."""

    TOPIC = "ResponsibilityEscalated"

    level: int
    due_date: datetime
    assigned_to: str

    def change(self, state: StewardshipState) -> None:
        """Be at the level."""
        responsibility = state.responsibility(self.responsibility_id)
        assert responsibility is not None
        responsibility.escalated_to = self.level


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


def _know(known: KnownSteward, contact_info: dict[str, str]) -> None:
    known.contact_fields = sorted({*known.contact_fields, *contact_info})


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

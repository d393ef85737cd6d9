"""The stewardship: stewards with what they are responsible for, measure and see to."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from domain.aggregate import Aggregate
from domain.errors import NeutralizedError, RuleViolatedError
from domain.events import DomainEvent
from domain.stewardship.address_events import (
    StewardshipAddressGiven,
    StewardshipAddressNeutralized,
)
from domain.stewardship.addresses import found_as, named_addresses, without_addresses
from domain.stewardship.definition import (
    ResponsibilityDefinition,
    StewardDefinition,
    StewardshipDefinition,
)
from domain.stewardship.events import (
    MetricMeasured,
    PolicyAudited,
    StatusChangeApproved,
    StatusChangeProposed,
    StatusChangeRefused,
    StatusChangeRejected,
    StewardshipCreated,
    StewardshipStatusChanged,
)
from domain.stewardship.fields import (
    MOST_RESPONSIBILITIES,
    MOST_STEWARDS,
    check_definition,
    check_id,
    check_period,
    check_responsibility,
)
from domain.stewardship.kinds import (
    ChangeStatus,
    Decision,
    ResponsibilityStatus,
    StewardRole,
    StewardshipStatus,
    StewardStatus,
)
from domain.stewardship.reporting import ResponsibilityChange, reported
from domain.stewardship.responsibility_events import (
    ResponsibilityAdded,
    ResponsibilityCompleted,
    ResponsibilityProgressed,
    ResponsibilityReassigned,
    ResponsibilityReopened,
    ResponsibilityRescheduled,
)
from domain.stewardship.state import (
    Measurement,
    Metric,
    Policy,
    Responsibility,
    StatusChange,
    Steward,
    StewardshipState,
)
from domain.stewardship.steward_events import (
    StewardAssigned,
    StewardChanged,
    StewardContactChanged,
    StewardNeutralized,
    StewardReinstated,
    StewardRemoved,
    StewardSuspended,
)

# A clock of somebody else's may be a little ahead.
AHEAD = timedelta(minutes=5)

# So many that nobody gets one a second time, and few enough for JavaScript.
MOST_NUMBERS = 2**52

P = TypeVar("P")


class UnknownPartError(Exception):
    """A stewardship has no such steward, responsibility, metric, policy, workflow or change."""


class StewardChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be changed of a steward; None, and contact details that are not given, stay."""

    role: StewardRole | None = None
    permissions: list[str] | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    is_primary: bool | None = None
    contact_info: dict[str, str] = msgspec.field(default_factory=dict)
    status: StewardStatus | None = None


class Stewardship(Aggregate):
    """Stewards who take care of data. Each method is told what time it is."""

    TOPIC = "Stewardship"
    CATEGORY = "stewardship"
    STATE = StewardshipState

    if TYPE_CHECKING:
        state: StewardshipState

    @classmethod
    def create(
        cls, stewardship_id: int, definition: StewardshipDefinition, *, now: datetime
    ) -> "Stewardship":
        """Set up a stewardship. Raises InvalidFieldError for a definition that cannot be."""
        check_definition(definition)
        stewardship = cls._create(
            StewardshipCreated,
            id=cls.stream_id(stewardship_id),
            timestamp=now,
            type=definition.type,
            domain=definition.domain,
            workflows=definition.workflows,
            metrics=definition.metrics,
            policies=definition.policies,
            metadata=definition.metadata,
            options=without_addresses(definition.options),
        )
        for named in named_addresses(definition.options):
            stewardship.record(StewardshipAddressGiven, now, **msgspec.structs.asdict(named))
        for number, steward in enumerate(definition.stewards, start=1):
            stewardship.record(StewardAssigned, now, number=number, **_terms(steward))
        for responsibility in definition.responsibilities:
            stewardship.add_responsibility(responsibility, now=now)
        return stewardship

    def record(self, event_type: type[DomainEvent], now: datetime, **fields: Any) -> None:
        """Let something happen now."""
        self.trigger_event(event_type, timestamp=now, **fields)

    def change_status(
        self, status: StewardshipStatus, *, reason: str, by: str, now: datetime
    ) -> StatusChange | None:
        """Change the status, or propose that if it needs approval: then give the proposal.

        Raises RuleViolatedError while another change waits.
        """
        state = self.state
        waiting = [each for each in state.changes if each.status == ChangeStatus.PENDING]
        if waiting:
            raise RuleViolatedError(f"The change {waiting[0].id} waits for approval")
        if status == state.status:
            return None
        approval = state.options.approval
        if not approval.required or approval.auto_approve:
            self._become(status, reason=reason, change_id=None, now=now)
            return None
        change_id = f"change_{state.changes_proposed + 1}"
        self.record(
            StatusChangeProposed,
            now,
            change_id=change_id,
            status=status,
            reason=reason,
            proposed_by=by,
        )
        return state.change(change_id)

    def decide(
        self, change_id: str, decision: Decision, *, comment: str, by: str, now: datetime
    ) -> StatusChange:
        """Approve or refuse a proposed change; whether ``by`` may is the caller's to know.

        Of no effect the second time. Raises UnknownPartError, RuleViolatedError for a change that
        has been settled and for a change of mind.
        """
        change = self.state.change(change_id)
        if change is None:
            raise UnknownPartError(f"Change {change_id} not found")
        said = change.approved_by if decision == Decision.APPROVE else change.refused_by
        if by in said:
            return change
        if change.status != ChangeStatus.PENDING:
            raise RuleViolatedError(f"The change {change_id} has been {change.status} already")
        if by in (*change.approved_by, *change.refused_by):
            raise RuleViolatedError(f"You have decided on the change {change_id} already")
        kind = StatusChangeApproved if decision == Decision.APPROVE else StatusChangeRefused
        self.record(kind, now, change_id=change_id, decided_by=by, comment=comment)
        self._settle(change, now)
        return change

    def assign_steward(self, steward: StewardDefinition, *, now: datetime) -> Steward:
        """Make somebody a steward. Raises RuleViolatedError for one who is, NeutralizedError."""
        self.check_open()
        check_id("user_id", steward.user_id)
        check_period("", steward.start_date, steward.end_date)
        state = self.state
        if state.steward(steward.user_id) is not None:
            raise RuleViolatedError(f"{steward.user_id} is a steward already")
        if len(state.known) >= MOST_STEWARDS:
            raise RuleViolatedError(f"A stewardship has at most {MOST_STEWARDS} stewards")
        known = state.known_steward(steward.user_id)
        self._check_contact(steward.user_id, steward.contact_info)
        # After a restore the next number could be that of somebody erased, who gets no key again.
        made_up = MOST_STEWARDS + 1 + secrets.randbelow(MOST_NUMBERS)
        number = known.number if known is not None else made_up
        self.record(StewardAssigned, now, number=number, **_terms(steward))
        return self.steward(steward.user_id)

    def change_steward(self, user_id: str, change: StewardChange, *, now: datetime) -> Steward:
        """Change a steward. Raises UnknownPartError, InvalidFieldError, NeutralizedError."""
        self.check_open()
        steward = self.steward(user_id)
        definition = steward.definition
        names = ("role", "permissions", "start_date", "end_date", "is_primary")
        given = {
            name: getattr(change, name)
            for name in names
            if getattr(change, name) not in (None, getattr(definition, name))
        }
        after = msgspec.structs.replace(definition, **given)
        check_period("", after.start_date, after.end_date)
        self._check_contact(user_id, change.contact_info)
        who = {"user_id": user_id, "number": steward.number}
        if given:
            self.record(StewardChanged, now, **who, **(dict.fromkeys(names) | given))
        contact_info = definition.contact_info | change.contact_info
        if contact_info != definition.contact_info:
            self.record(StewardContactChanged, now, **who, contact_info=contact_info)
        if change.status == StewardStatus.SUSPENDED and not steward.is_suspended:
            self.record(StewardSuspended, now, **who)
        if change.status == StewardStatus.ACTIVE and steward.is_suspended:
            self.record(StewardReinstated, now, **who)
        return self.steward(user_id)

    def remove_steward(self, user_id: str, *, now: datetime) -> None:
        """Let somebody be a steward no longer. Raises RuleViolatedError for the last one."""
        self.check_open()
        steward = self.steward(user_id)
        if len(self.state.stewards) == 1:
            raise RuleViolatedError("At least one steward is required")
        self.record(StewardRemoved, now, user_id=user_id, number=steward.number)

    def neutralize_steward(self, user_id: str, *, reason: str, policy: str, now: datetime) -> None:
        """Erase the contact details of who is or was a steward; of no effect the second time.

        An address of theirs goes wherever it stands. Raises UnknownPartError for somebody who
        never was a steward.
        """
        known = self.state.known_steward(user_id)
        if known is None:
            raise UnknownPartError(f"Steward {user_id} not found")
        if known.is_neutralized:
            return
        why = {"reason": reason, "policy": policy}
        for email in self.state.emails_of(user_id):
            self._neutralize_address(email, now, **why)
        self.record(
            StewardNeutralized,
            now,
            user_id=user_id,
            number=known.number,
            redacted_fields=[f"contact_info.{field}" for field in known.contact_fields],
            **why,
        )

    def neutralize(self, name: str, *, reason: str, policy: str, now: datetime) -> None:
        """Erase what there is of somebody who is called so, or has this e-mail address."""
        for known in self.state.holding(name):
            self.neutralize_steward(known.user_id, reason=reason, policy=policy, now=now)
        self._neutralize_address(name, now, reason=reason, policy=policy)

    def add_responsibility(
        self, definition: ResponsibilityDefinition, *, now: datetime
    ) -> Responsibility:
        """Have something done. With ``auto_assignment``, it falls to the primary steward.

        Raises RuleViolatedError if the id is taken.
        """
        self.check_open()
        check_responsibility("", definition)
        if self.state.responsibility(definition.id) is not None:
            raise RuleViolatedError(f"There is a responsibility {definition.id} already")
        if len(self.state.responsibilities) >= MOST_RESPONSIBILITIES:
            most = f"A stewardship has at most {MOST_RESPONSIBILITIES} responsibilities"
            raise RuleViolatedError(most)
        self.record(
            ResponsibilityAdded,
            now,
            definition=definition,
            assigned_to=definition.assigned_to or self._next_assignee(),
        )
        return self.responsibility(definition.id)

    def change_responsibility(
        self, responsibility_id: str, change: ResponsibilityChange, *, now: datetime
    ) -> Responsibility:
        """Record what is reported of a responsibility; what changes nothing records nothing.

        Raises UnknownPartError, RuleViolatedError for progress that falls without the status of an
        open one, and for a status and a progress that contradict each other.
        """
        self.check_open()
        responsibility = self.responsibility(responsibility_id)
        reported(responsibility, change)  # refused as a whole, if it is
        which = {"responsibility_id": responsibility_id}
        if change.assigned_to is not None and change.assigned_to != responsibility.assigned_to:
            self.record(
                ResponsibilityReassigned,
                now,
                **which,
                previous=responsibility.assigned_to,
                assigned_to=change.assigned_to,
            )
        if change.due_date is not None and change.due_date != responsibility.due_date:
            self.record(
                ResponsibilityRescheduled,
                now,
                **which,
                previous=responsibility.due_date,
                due_date=change.due_date,
            )
        self._report(responsibility, change, now)
        return self.responsibility(responsibility_id)

    def measure(
        self, metric_id: str, value: float, *, measured_at: datetime | None, now: datetime
    ) -> Metric:
        """Record a measurement, of now unless another moment is given.

        Raises UnknownPartError, RuleViolatedError for one of the future.
        """
        self.check_open()
        metric = self.metric(metric_id)
        moment = measured_at or now
        if moment > now + AHEAD:
            raise RuleViolatedError("measured_at must not be in the future")
        previous = metric.status
        after = msgspec.structs.replace(metric)
        after.take(Measurement(value, moment))
        self.record(
            MetricMeasured,
            now,
            metric_id=metric_id,
            value=value,
            measured_at=moment,
            previous_status=previous,
            status=after.status,
        )
        return self.metric(metric_id)

    def audit(self, policy_id: str, *, checks: int, violations: int, now: datetime) -> Policy:
        """Record an audit. Raises UnknownPartError, RuleViolatedError for impossible numbers."""
        self.check_open()
        policy = self.policy(policy_id)
        if checks < 1:
            raise RuleViolatedError("checks must be at least 1")
        if not 0 <= violations <= checks:
            raise RuleViolatedError("violations must be 0 up to the number of checks")
        self.record(PolicyAudited, now, policy_id=policy_id, checks=checks, violations=violations)
        return policy

    @property
    def is_active(self) -> bool:
        """Whether things fall due and workflows are carried out."""
        return self.state.status == StewardshipStatus.ACTIVE

    def steward(self, user_id: str) -> Steward:
        """Give a steward. Raises UnknownPartError."""
        return _known(self.state.steward(user_id), f"Steward {user_id}")

    def responsibility(self, responsibility_id: str) -> Responsibility:
        """Give a responsibility. Raises UnknownPartError."""
        found = self.state.responsibility(responsibility_id)
        return _known(found, f"Responsibility {responsibility_id}")

    def metric(self, metric_id: str) -> Metric:
        """Give a metric. Raises UnknownPartError."""
        return _known(self.state.metric(metric_id), f"Metric {metric_id}")

    def policy(self, policy_id: str) -> Policy:
        """Give a policy. Raises UnknownPartError."""
        return _known(self.state.policy(policy_id), f"Policy {policy_id}")

    def check_open(self) -> None:
        """Check that something may be changed. Raises RuleViolatedError once it is archived."""
        if self.state.status == StewardshipStatus.ARCHIVED:
            raise RuleViolatedError("The stewardship is archived: only its status can be changed")

    def _neutralize_address(self, address: str, now: datetime, *, reason: str, policy: str) -> None:
        name, addresses = found_as(address), self.state.addresses
        found = [each.number for each in addresses if found_as(each.address) == name]
        for number in dict.fromkeys(found):
            self.record(
                StewardshipAddressNeutralized,
                now,
                number=number,
                redacted_fields=["address"],
                reason=reason,
                policy=policy,
            )

    def _become(
        self, status: StewardshipStatus, *, reason: str, change_id: str | None, now: datetime
    ) -> None:
        self.record(
            StewardshipStatusChanged,
            now,
            previous=self.state.status,
            status=status,
            reason=reason,
            change_id=change_id,
        )

    def _settle(self, change: StatusChange, now: datetime) -> None:
        """Let the change take effect once enough are for it; give it up once they cannot be."""
        approval = self.state.options.approval
        needed = approval.needed
        voters = len(approval.known_approvers) or needed
        if len(change.approved_by) >= needed:
            self._become(change.to, reason=change.reason, change_id=change.id, now=now)
        elif voters - len(change.refused_by) < needed:
            self.record(StatusChangeRejected, now, change_id=change.id, status=change.to)

    def _check_contact(self, user_id: str, contact_info: dict[str, str]) -> None:
        known = self.state.known_steward(user_id)
        if contact_info and known is not None and known.is_neutralized:
            raise NeutralizedError(
                f"Steward {user_id} has been neutralized and takes no contact_info"
            )

    def _next_assignee(self) -> str:
        stewards = self.state.stewards
        if not self.state.options.auto_assignment or not stewards:
            return ""
        primary = [steward for steward in stewards if steward.definition.is_primary]
        return (primary or stewards)[0].definition.user_id

    def _report(
        self, responsibility: Responsibility, change: ResponsibilityChange, now: datetime
    ) -> None:
        which = {"responsibility_id": responsibility.definition.id}
        status, progress = reported(responsibility, change)
        if status == ResponsibilityStatus.COMPLETED:
            if not responsibility.is_completed:
                self.record(
                    ResponsibilityCompleted,
                    now,
                    **which,
                    assigned_to=responsibility.assigned_to,
                    due_date=responsibility.due_date,
                )
        elif responsibility.is_completed or status != responsibility.status:
            if responsibility.status == ResponsibilityStatus.PENDING:
                self._progress(responsibility, progress, now)
            else:
                self.record(ResponsibilityReopened, now, **which, status=status, progress=progress)
        elif progress != responsibility.progress:
            self._progress(responsibility, progress, now)

    def _progress(self, responsibility: Responsibility, progress: float, now: datetime) -> None:
        self.record(
            ResponsibilityProgressed,
            now,
            responsibility_id=responsibility.definition.id,
            previous=responsibility.progress,
            progress=progress,
        )


def _known(found: P | None, name: str) -> P:
    if found is None:
        raise UnknownPartError(f"{name} not found")
    return found


def _terms(steward: StewardDefinition) -> dict[str, Any]:
    """Give who becomes a steward, and on which terms."""
    names = ("user_id", "role", "permissions", "start_date", "end_date", "is_primary")
    return {name: getattr(steward, name) for name in (*names, "contact_info")}

"""A content's workflow as its events have made it."""

from collections.abc import Iterable
from datetime import datetime
from secrets import token_hex

import msgspec

from domain.personal import REDACTED, Personal
from domain.workflows.template import WorkflowTemplate

# No number: after a restore, one that somebody was erased under would be given to somebody else.
_BYTES = 16


class Approval(msgspec.Struct, kw_only=True):
    """Somebody asked for a transition that needs more people, in the roles they then held."""

    participant: str
    roles: list[str]


class Step(msgspec.Struct, kw_only=True):
    """What was last done with a transition; where others must ask for it too, nothing moved."""

    transition_id: str
    from_state: str
    to_state: str
    participant: str
    notified: list[str]
    at: datetime


class Workflow(msgspec.Struct, kw_only=True):
    """A template at work on a content, in the version in which it was applied.

    People are named by what ``ContentState.people`` has them under. ``replaced`` is what the roles
    were before it was applied.
    """

    workflow_id: str
    template: WorkflowTemplate
    state: str
    applied_by: str
    applied_at: datetime
    assignments: dict[str, list[str]] = msgspec.field(default_factory=dict)
    replaced_template: str | None = None
    replaced: dict[str, list[str]] = msgspec.field(default_factory=dict)
    approvals: dict[str, list[Approval]] = msgspec.field(default_factory=dict)
    moved_by: list[str] = msgspec.field(default_factory=list)
    last_step: Step | None = None

    def move(self, step: Step) -> None:
        """Come to another state, or to the same one again; nobody has approved of anything yet."""
        approved = self.approvals.pop(step.transition_id, [])
        self.moved_by = sorted({step.participant, *(each.participant for each in approved)})
        self.approvals = {}
        self.state = step.to_state
        self.last_step = step

    def approve(self, step: Step, roles: list[str]) -> None:
        """Keep that somebody asked for a transition that needs more people."""
        approval = Approval(participant=step.participant, roles=list(roles))
        self.approvals.setdefault(step.transition_id, []).append(approval)
        self.last_step = step

    def assign(self, role: str, participant: str) -> None:
        """Give somebody a role."""
        self.assignments.setdefault(role, []).append(participant)

    def revoke(self, role: str, participant: str, *, is_group: bool) -> None:
        """Take a role from somebody, and with it the word that they gave in it.

        From a group, it goes with the word of all who do not have the role by themselves.
        """
        held = self.assignments[role]
        held.remove(participant)
        for approvals in self.approvals.values():
            for approval in approvals:
                is_theirs = is_group or approval.participant == participant
                if is_theirs and role in approval.roles and approval.participant not in held:
                    approval.roles.remove(role)
            approvals[:] = [approval for approval in approvals if approval.roles]
        if not held:
            del self.assignments[role]

    @property
    def assigned(self) -> set[str]:
        """Everybody who has a role."""
        return {who for held in self.assignments.values() for who in held}

    def forget(self, participant: str) -> None:
        """Take all roles from somebody, and their word, whatever they gave it in."""
        for role in [role for role, held in self.assignments.items() if participant in held]:
            self.revoke(role, participant, is_group=False)
        for approvals in self.approvals.values():
            approvals[:] = [each for each in approvals if each.participant != participant]


class ContentState(msgspec.Struct, kw_only=True):
    """A content with its workflow, and with earlier ones that can be brought back, oldest first.

    ``people`` has everybody's user id under what the events call them, which is made up when they
    first appear: it tells nothing of them once their user id is erased. ``traces`` has the versions
    at which operations began that they are in, ``neutralized`` who was erased.
    ``moves`` counts what changed the state, and ``removed_template`` was taken away last.
    """

    current: Workflow | None = None
    backups: list[Workflow] = msgspec.field(default_factory=list)
    people: Personal[dict[str, str]] = msgspec.field(default_factory=dict)
    traces: dict[str, list[int]] = msgspec.field(default_factory=dict)
    neutralized: list[str] = msgspec.field(default_factory=list)
    moves: int = 0
    removed_template: str | None = None

    def called(self, user_ids: Iterable[str]) -> dict[str, str]:
        """Give what the events call people, and will call those who are new here.

        Somebody whose personal data was erased is new: nothing tells that they were here before.
        """
        known = {name: who for who, name in self.people.items() if name != REDACTED}
        return {user_id: known.get(user_id) or token_hex(_BYTES) for user_id in user_ids}

    def participant(self, user_id: str) -> str:
        """Give what the events call somebody, or will call them if they are new here."""
        return self.called([user_id])[user_id]

    def note(self, participant: str, user_id: str, operation: int) -> None:
        """Know who had to do with an operation."""
        self.people[participant] = user_id
        self.trace([participant], operation)

    def trace(self, participants: Iterable[str], operation: int) -> None:
        """Know which people an operation is about, the newest that there is."""
        for participant in participants:
            traces = self.traces.setdefault(participant, [])
            if traces[-1:] != [operation]:
                traces.append(operation)

    @property
    def in_force(self) -> Workflow:
        """The current workflow, which must be there."""
        assert self.current is not None
        return self.current

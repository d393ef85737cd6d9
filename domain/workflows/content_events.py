"""What happens to the workflow of a content.

The personal data in an event is that of one person, and under a data key of that person in that
content, so that one of them can be forgotten and the others stay.
"""

from typing import TYPE_CHECKING, Literal

from domain.events import CreatedEvent, DomainEvent, RedactionEvent
from domain.personal import REDACTED, Personal
from domain.workflows.content_state import ContentState, Step, Workflow
from domain.workflows.participants import GROUP
from domain.workflows.template import WorkflowTemplate

if TYPE_CHECKING:
    from domain.workflows.content import Content

Reassigning = Literal["apply_template", "modify_roles"]


def subject_of(stream_id: str, participant: str) -> str:
    """Name the person whose data key protects what is theirs in a content."""
    return f"{stream_id}~{participant}"


class ContentRegistered(CreatedEvent, frozen=True, kw_only=True):
    """A content is to have a workflow, for the first time."""

    TOPIC = "ContentRegistered"

    def apply(self, aggregate: "Content") -> None:
        """Begin without a workflow."""
        aggregate.state = ContentState()


class ContentEvent(DomainEvent, frozen=True, kw_only=True):
    """Something happened to a content's workflow, by somebody or to somebody."""

    workflow_id: str
    participant: str
    user_id: Personal[str]

    @property
    def subject(self) -> str:
        """The person in this content."""
        return subject_of(self.originator_id, self.participant)

    @property
    def operation_version(self) -> int:
        """The version at which the operation began that the event belongs to."""
        return self.originator_version

    def apply(self, aggregate: "Content") -> None:
        """Bring the content to where the event leaves it."""
        self.fold(aggregate.state)

    def fold(self, state: ContentState) -> None:
        """Bring a state to where the event leaves it."""
        state.note(self.participant, self.user_id, self.operation_version)


class TemplateApplied(ContentEvent, frozen=True, kw_only=True):
    """A template was applied to a content, in place of another one if there was one.

    The roles that came with it have events of their own. ``backed_up`` tells that what it replaced
    can be brought back.
    """

    TOPIC = "TemplateApplied"

    template: WorkflowTemplate
    replaced_workflow_id: str | None
    replaced_template_id: str | None
    backed_up: bool

    def fold(self, state: ContentState) -> None:
        """Begin in the template's initial state."""
        super().fold(state)
        state.moves += 1
        replaced = state.current
        if replaced is not None:
            state.trace(replaced.assigned, self.operation_version)
        state.backups = [*state.backups, replaced] if replaced and self.backed_up else []
        state.current = Workflow(
            workflow_id=self.workflow_id,
            template=self.template,
            state=self.template.initial_state,
            applied_by=self.participant,
            applied_at=self.timestamp,
            replaced_template=self.replaced_template_id,
            replaced={role: list(held) for role, held in replaced.assignments.items()}
            if replaced
            else {},
        )


class RolesChanged(ContentEvent, frozen=True, kw_only=True):
    """Somebody changed who has which role; for each of these there is an event of its own."""

    TOPIC = "RolesChanged"


class RoleEvent(ContentEvent, frozen=True, kw_only=True):
    """A role of somebody changed, when a template was applied or by itself.

    ``operation_began`` is the version at which that began.
    """

    role: str
    operation: Reassigning
    operation_began: int

    @property
    def operation_version(self) -> int:
        """The version at which the operation began."""
        return self.operation_began


class RoleAssigned(RoleEvent, frozen=True, kw_only=True):
    """Somebody got a role on a content."""

    TOPIC = "RoleAssigned"

    def fold(self, state: ContentState) -> None:
        """Count them among those who have the role."""
        super().fold(state)
        state.in_force.assign(self.role, self.participant)


class RoleRevoked(RoleEvent, frozen=True, kw_only=True):
    """Somebody lost a role on a content."""

    TOPIC = "RoleRevoked"

    def fold(self, state: ContentState) -> None:
        """Count them no longer among those who have the role."""
        super().fold(state)
        is_group = self.user_id.startswith(GROUP)
        state.in_force.revoke(self.role, self.participant, is_group=is_group)


class TransitionEvent(ContentEvent, frozen=True, kw_only=True):
    """Somebody asked for a transition, and might; ``notified`` are those who can act next."""

    template_id: str
    transition_id: str
    from_state: str
    to_state: str
    comments: Personal[str | None]
    notified: list[str]

    @property
    def step(self) -> Step:
        """What was done."""
        return Step(
            transition_id=self.transition_id,
            from_state=self.from_state,
            to_state=self.to_state,
            participant=self.participant,
            notified=self.notified,
            at=self.timestamp,
        )


class TransitionApproved(TransitionEvent, frozen=True, kw_only=True):
    """Somebody asked for a transition that needs more people; the state is what it was."""

    TOPIC = "TransitionApproved"

    roles: list[str]

    def fold(self, state: ContentState) -> None:
        """Wait for the others."""
        super().fold(state)
        state.in_force.approve(self.step, self.roles)


class TransitionExecuted(TransitionEvent, frozen=True, kw_only=True):
    """A content went from one state to another."""

    TOPIC = "TransitionExecuted"

    def fold(self, state: ContentState) -> None:
        """Be in the new state."""
        super().fold(state)
        state.moves += 1
        state.in_force.move(self.step)


class TemplateRemoved(ContentEvent, frozen=True, kw_only=True):
    """A template was taken from a content, and with it all roles; the history stays."""

    TOPIC = "TemplateRemoved"

    template_id: str
    state: str

    def fold(self, state: ContentState) -> None:
        """Be without a workflow."""
        super().fold(state)
        state.moves += 1
        state.trace(state.in_force.assigned, self.operation_version)
        state.removed_template = self.template_id
        state.current = None


class EarlierWorkflowRestored(ContentEvent, frozen=True, kw_only=True):
    """The workflow that a removed one had replaced was brought back, with its state and roles."""

    TOPIC = "EarlierWorkflowRestored"

    template_id: str
    state: str
    operation_began: int

    @property
    def operation_version(self) -> int:
        """The version at which the removal began."""
        return self.operation_began

    def fold(self, state: ContentState) -> None:
        """Go on where it was left."""
        super().fold(state)
        state.current = state.backups.pop()
        state.trace(state.current.assigned, self.operation_version)


class ParticipantNeutralized(RedactionEvent, frozen=True, kw_only=True):
    """The personal data of somebody in a content was erased for good; states and times stay.

    ``operations`` are the versions at which operations began that they are in.
    """

    TOPIC = "ParticipantNeutralized"

    participant: str
    operations: list[int]

    @property
    def subject(self) -> str:
        """The person in this content."""
        return subject_of(self.originator_id, self.participant)

    def apply(self, aggregate: "Content") -> None:
        """Forget them."""
        self.fold(aggregate.state)

    def fold(self, state: ContentState) -> None:
        """Take their name and their roles away."""
        state.people[self.participant] = REDACTED
        state.neutralized.append(self.participant)
        for workflow in (state.current, *state.backups):
            if workflow is not None:
                workflow.forget(self.participant)


CONTENT_EVENTS = (
    TemplateApplied,
    RolesChanged,
    RoleAssigned,
    RoleRevoked,
    TransitionApproved,
    TransitionExecuted,
    TemplateRemoved,
    EarlierWorkflowRestored,
)

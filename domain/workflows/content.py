"""The content: a page or paper with a workflow of its own (contract section 9)."""

from typing import TYPE_CHECKING, Any

import msgspec

from domain.aggregate import Aggregate
from domain.workflows.content_events import (
    ContentRegistered,
    EarlierWorkflowRestored,
    ParticipantNeutralized,
    RoleAssigned,
    RoleEvent,
    RoleRevoked,
    RolesChanged,
    TemplateApplied,
    TemplateRemoved,
    TransitionApproved,
    TransitionExecuted,
)
from domain.workflows.content_state import ContentState, Workflow
from domain.workflows.errors import (
    CommentRequiredError,
    ContentNotFoundError,
    InsufficientPermissionsError,
    InvalidTransitionError,
    InvalidValueError,
    TransitionNotFoundError,
    WorkflowExistsError,
)
from domain.workflows.participants import (
    CONTENT_UID_RULE,
    Actor,
    Assignments,
    check_assignments,
    is_content_uid,
)
from domain.workflows.permissions import (
    asked_for,
    available_transitions,
    completes,
    has_approved,
    is_barred,
    next_after,
    powers_on,
    roles_for,
    roles_on,
    still_asked,
)
from domain.workflows.template import WorkflowTemplate, WorkflowTransition


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A transition that somebody asks for, checked; ``completes`` tells that no one else need."""

    definition: WorkflowTransition
    roles: list[str]
    completes: bool


class Content(Aggregate):
    """A content with the workflow that it has, and those that it had."""

    TOPIC = "Content"
    CATEGORY = "content"
    STATE = ContentState

    if TYPE_CHECKING:
        state: ContentState

    @classmethod
    def register(cls, content_uid: str) -> "Content":
        """Begin with a content. Raises InvalidValueError for what cannot be its uid."""
        if not is_content_uid(content_uid):
            raise InvalidValueError("content_uid", CONTENT_UID_RULE)
        return cls._create(ContentRegistered, id=cls.stream_id(content_uid))

    def apply_template(
        self,
        workflow_id: str,
        template: WorkflowTemplate,
        assignments: Assignments,
        actor: Actor,
        *,
        force: bool,
        backup_existing: bool,
    ) -> None:
        """Put the content under a template, with these people in its roles.

        Raises InvalidAssignmentsError, WorkflowExistsError unless it is forced.
        """
        checked = check_assignments(assignments)
        current = self.state.current
        if current is not None and not force:
            raise WorkflowExistsError(current.template.id, current.applied_at)
        self.trigger_event(
            TemplateApplied,
            **self._by(actor),
            workflow_id=workflow_id,
            template=template,
            replaced_workflow_id=current.workflow_id if current is not None else None,
            replaced_template_id=current.template.id if current is not None else None,
            backed_up=current is not None and backup_existing,
        )
        began = self.version
        assigned = [(role, user_id) for role, user_ids in checked.items() for user_id in user_ids]
        called = self.state.called({user_id for _, user_id in assigned})
        for role, user_id in assigned:
            self.trigger_event(
                RoleAssigned,
                workflow_id=workflow_id,
                participant=called[user_id],
                user_id=user_id,
                role=role,
                operation="apply_template",
                operation_began=began,
            )

    def change_roles(self, assignments: Assignments, actor: Actor) -> None:
        """Put these people in the roles, and nobody else; what is the same stays.

        Raises ContentNotFoundError without a workflow, InvalidAssignmentsError.
        """
        workflow = self.workflow
        checked = check_assignments(assignments)
        people = self.state.people
        wanted = {(role, user_id): None for role, users in checked.items() for user_id in users}
        held = {
            (role, people[who]): who for role, held in workflow.assignments.items() for who in held
        }
        added = [place for place in wanted if place not in held]
        revoked = {place: who for place, who in held.items() if place not in wanted}
        if not revoked and not added:
            return
        self.trigger_event(RolesChanged, **self._by(actor), workflow_id=workflow.workflow_id)
        began = self.version
        called = self.state.called({user_id for _, user_id in added})
        for role, user_id in added:
            self._change_role(RoleAssigned, role, called[user_id], user_id, began)
        for (role, user_id), who in revoked.items():
            self._change_role(RoleRevoked, role, who, user_id, began)

    def check_transition(
        self, transition_id: str, comments: str | None, actor: Actor
    ) -> Transition:
        """Check that somebody may make a transition now.

        Raises, in this order, ContentNotFoundError without a workflow, TransitionNotFoundError,
        InvalidTransitionError from another state or where they have approved of it already,
        InsufficientPermissionsError, CommentRequiredError.
        """
        workflow = self.workflow
        template = workflow.template
        transition = template.transition(transition_id)
        if transition is None:
            known = [each.id for each in template.transitions]
            raise TransitionNotFoundError(transition_id, template.id, known)
        if transition.from_state != workflow.state:
            message = f"Transition '{transition_id}' is not available from '{workflow.state}'"
            raise self._invalid(message, actor)
        roles = roles_for(transition, powers_on(self.state, actor))
        if not roles:
            raise InsufficientPermissionsError(
                f"Insufficient permissions for transition '{transition_id}'",
                asked_for(transition),
                {*roles_on(self.state, actor), *actor.roles},
            )
        participant = self.state.participant(actor.user_id)
        if has_approved(workflow, transition, participant):
            raise self._invalid(f"You have asked for '{transition_id}' already", actor)
        if is_barred(workflow, transition, participant):
            message = f"Transition '{transition_id}' needs somebody else than who led to it"
            raise self._invalid(message, actor)
        needs = transition.needs
        if needs.requires_comment and len((comments or "").strip()) < needs.min_comment_length:
            raise CommentRequiredError(transition_id, needs.min_comment_length)
        return Transition(
            definition=transition, roles=roles, completes=completes(workflow, transition, roles)
        )

    def execute_transition(
        self, checked: Transition, comments: str | None, actor: Actor, *, notify: bool
    ) -> None:
        """Make a transition that was checked, or approve of it where it needs more people."""
        workflow = self.workflow
        transition = checked.definition
        about = self._by(actor) | {
            "workflow_id": workflow.workflow_id,
            "template_id": workflow.template.id,
            "transition_id": transition.id,
            "from_state": transition.from_state,
            "comments": comments,
        }
        if checked.completes:
            to_state = transition.to_state
            notified = next_after(workflow, to_state, about["participant"]) if notify else []
            self.trigger_event(TransitionExecuted, **about, to_state=to_state, notified=notified)
        else:
            notified = still_asked(workflow, transition, about["participant"]) if notify else []
            self.trigger_event(
                TransitionApproved,
                **about,
                to_state=transition.from_state,
                notified=notified,
                roles=checked.roles,
            )

    def remove_template(self, actor: Actor, *, restore_backup: bool) -> None:
        """Take the template away, and bring the one back that it replaced, if that is kept.

        Raises ContentNotFoundError without a workflow.
        """
        workflow = self.workflow
        self.trigger_event(
            TemplateRemoved,
            **self._by(actor),
            workflow_id=workflow.workflow_id,
            template_id=workflow.template.id,
            state=workflow.state,
        )
        if restore_backup and self.state.backups:
            earlier = self.state.backups[-1]
            self.trigger_event(
                EarlierWorkflowRestored,
                **self._by(actor),
                workflow_id=earlier.workflow_id,
                template_id=earlier.template.id,
                state=earlier.state,
                operation_began=self.version,
            )

    def neutralize(self, user_id: str, *, reason: str, policy: str) -> None:
        """Erase what is personal of somebody here; of no effect if there is nothing of them."""
        participant = self.state.participant(user_id)
        if participant not in self.state.people:
            return
        self.trigger_event(
            ParticipantNeutralized,
            redacted_fields=["user_id", "comments", "role_assignments"],
            reason=reason,
            policy=policy,
            participant=participant,
            operations=self.state.traces[participant],
        )

    @property
    def workflow(self) -> Workflow:
        """The workflow that the content has. Raises ContentNotFoundError without one."""
        if self.state.current is None:
            raise ContentNotFoundError(self.key)
        return self.state.current

    def _change_role(
        self, kind: type[RoleEvent], role: str, participant: str, user_id: str, began: int
    ) -> None:
        self.trigger_event(
            kind,
            workflow_id=self.workflow.workflow_id,
            participant=participant,
            user_id=user_id,
            role=role,
            operation="modify_roles",
            operation_began=began,
        )

    def _by(self, actor: Actor) -> dict[str, Any]:
        participant = self.state.participant(actor.user_id)
        return {"participant": participant, "user_id": actor.user_id}

    def _invalid(self, message: str, actor: Actor) -> InvalidTransitionError:
        available = available_transitions(self.state, actor)
        state = self.workflow.state
        return InvalidTransitionError(message, state, [each.id for each in available])

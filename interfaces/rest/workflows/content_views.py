"""Contents and their workflows as they are shown (seed: Request/Response Models)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from domain.workflows.content import Content
from domain.workflows.content_state import ContentState, Workflow
from domain.workflows.participants import Actor
from domain.workflows.permissions import available_transitions, completes
from domain.workflows.vocabulary import title_of
from projections.workflows.projection import state_of
from projections.workflows.tables import ContentRow, EntryRow

Roles = Mapping[str, Sequence[str]]


class AvailableTransitionView(msgspec.Struct, frozen=True, kw_only=True):
    """A transition that the caller may ask for now."""

    id: str
    title: str
    target_state: str
    requires_comment: bool


class TemplateMetadataView(msgspec.Struct, frozen=True, kw_only=True):
    """The template of a content; roles by their titles, like ``Peer Reviewer``."""

    template_id: str
    template_version: str
    applied_by: str
    applied_at: datetime
    role_assignments: Roles


class HistoryEntryView(msgspec.Struct, frozen=True, kw_only=True):
    """A transition that was made."""

    timestamp: datetime
    from_state: str
    to_state: str
    transition_id: str
    user_id: str
    comments: str | None


class WorkflowStateView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a content is, and how it came there; the history is oldest first."""

    content_uid: str
    current_state: str
    workflow_id: str
    available_transitions: Sequence[AvailableTransitionView]
    template_metadata: TemplateMetadataView
    history: Sequence[HistoryEntryView]


class WorklistItemView(msgspec.Struct, frozen=True, kw_only=True):
    """A content with a workflow, as the worklist shows it."""

    content_uid: str
    current_state: str
    workflow_id: str
    template_id: str
    template_version: str
    role_assignments: Roles
    available_transitions: Sequence[AvailableTransitionView]
    applied_at: datetime
    updated_at: datetime


class ApprovalsView(msgspec.Struct, frozen=True, kw_only=True):
    """How many people asked for a transition that waits for others."""

    given: int
    required: int
    missing_roles: Sequence[str]


class TransitionView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a transition.

    With ``approvals``, the content stays where it is until enough people have asked for it.
    """

    success: bool
    content_uid: str
    transition_id: str
    from_state: str
    to_state: str
    executed_at: datetime
    executed_by: str
    comments: str | None
    notifications_sent: Sequence[str]
    approvals: ApprovalsView | UnsetType = UNSET


class RemovedTemplateView(msgspec.Struct, frozen=True, kw_only=True):
    """That a content is under its template no more."""

    success: bool
    content_uid: str
    template_removed: str
    backup_restored: bool
    removed_at: datetime
    removed_by: str


class ChangedRolesView(msgspec.Struct, frozen=True, kw_only=True):
    """Who has which role now; roles by their titles."""

    success: bool
    content_uid: str
    workflow_id: str
    role_assignments: Roles
    changed_at: datetime
    changed_by: str


def state_view(row: ContentRow, history: Sequence[EntryRow], actor: Actor) -> WorkflowStateView:
    """Show where a content is, and what somebody may do with it."""
    state = state_of(row)
    workflow = state.in_force
    return WorkflowStateView(
        content_uid=row.uid,
        current_state=workflow.state,
        workflow_id=workflow.workflow_id,
        available_transitions=_available(state, actor),
        template_metadata=TemplateMetadataView(
            template_id=workflow.template.id,
            template_version=workflow.template.version,
            applied_by=state.people[workflow.applied_by],
            applied_at=workflow.applied_at,
            role_assignments=_titled(workflow, state.people),
        ),
        history=[
            HistoryEntryView(
                timestamp=entry.timestamp,
                from_state=entry.from_state or "",
                to_state=entry.to_state or "",
                transition_id=entry.transition_id or "",
                user_id=entry.user_id,
                comments=entry.comments,
            )
            for entry in history
        ],
    )


def worklist_item_view(row: ContentRow, actor: Actor) -> WorklistItemView:
    """Show a content in the worklist, with what somebody may do with it."""
    state = state_of(row)
    workflow = state.in_force
    return WorklistItemView(
        content_uid=row.uid,
        current_state=workflow.state,
        workflow_id=workflow.workflow_id,
        template_id=workflow.template.id,
        template_version=workflow.template.version,
        role_assignments=_titled(workflow, state.people),
        available_transitions=_available(state, actor),
        applied_at=workflow.applied_at,
        updated_at=row.updated_at,
    )


def transition_view(content: Content, actor: Actor, comments: str | None) -> TransitionView:
    """Show what a command has made of a content."""
    workflow = content.workflow
    step = workflow.last_step
    assert step is not None
    return TransitionView(
        success=True,
        content_uid=content.key,
        transition_id=step.transition_id,
        from_state=step.from_state,
        to_state=step.to_state,
        executed_at=step.at,
        executed_by=actor.user_id,
        comments=comments,
        notifications_sent=sorted(content.state.people[who] for who in step.notified),
        approvals=_approvals(workflow, step.transition_id),
    )


def removed_view(content: Content, actor: Actor) -> RemovedTemplateView:
    """Show that a template was taken away, and whether another came back."""
    return RemovedTemplateView(
        success=True,
        content_uid=content.key,
        template_removed=content.state.removed_template or "",
        backup_restored=content.state.current is not None,
        removed_at=content.modified_on,
        removed_by=actor.user_id,
    )


def changed_roles_view(content: Content, actor: Actor) -> ChangedRolesView:
    """Show the roles as a command has left them."""
    workflow = content.workflow
    return ChangedRolesView(
        success=True,
        content_uid=content.key,
        workflow_id=workflow.workflow_id,
        role_assignments=_titled(workflow, content.state.people),
        changed_at=content.modified_on,
        changed_by=actor.user_id,
    )


def _approvals(workflow: Workflow, transition_id: str) -> ApprovalsView | UnsetType:
    approvals = workflow.approvals.get(transition_id)
    transition = workflow.template.transition(transition_id)
    if not approvals or transition is None or completes(workflow, transition, []):
        return UNSET
    given = {role for approval in approvals for role in approval.roles}
    return ApprovalsView(
        given=sum(transition.required_role in approval.roles for approval in approvals),
        required=transition.needs.min_approvals,
        missing_roles=sorted(({transition.required_role} | transition.needs.approval_of) - given),
    )


def _available(state: ContentState, actor: Actor) -> list[AvailableTransitionView]:
    return [
        AvailableTransitionView(
            id=transition.id,
            title=transition.name,
            target_state=transition.to_state,
            requires_comment=transition.needs.requires_comment,
        )
        for transition in available_transitions(state, actor)
    ]


def _titled(workflow: Workflow, people: Mapping[str, str]) -> Roles:
    return {
        title_of(role): [people[who] for who in held] for role, held in workflow.assignments.items()
    }

"""What outsiders are told of workflows (seed: Webhook Events)."""

from typing import Any

from application.outward import OutwardEvents
from domain.events import Recorded
from domain.workflows.content_events import (
    EarlierWorkflowRestored,
    RoleAssigned,
    RoleEvent,
    RoleRevoked,
    TemplateApplied,
    TemplateRemoved,
    TransitionApproved,
    TransitionExecuted,
)

workflow_events = OutwardEvents()


@workflow_events.on(
    TemplateApplied,
    name="workflow.template.applied",
    description="A workflow template was applied to a content, in place of another if there was "
    "one",
    example={
        "content_uid": "content-123",
        "workflow_id": "workflow_789",
        "template_id": "simple_review",
        "template_version": "1.0.0",
        "state": "draft",
        "replaced_workflow_id": None,
        "user_id": "admin",
    },
)
def applied(recorded: Recorded[TemplateApplied]) -> dict[str, Any]:
    """Tell of the template, and where the content begins."""
    event = recorded.event
    return {
        "content_uid": _content_uid(recorded),
        "workflow_id": event.workflow_id,
        "template_id": event.template.id,
        "template_version": event.template.version,
        "state": event.template.initial_state,
        "replaced_workflow_id": event.replaced_workflow_id,
        "user_id": event.user_id,
    }


@workflow_events.on(
    TransitionExecuted,
    name="workflow.transition.executed",
    description="A content went from one state of its workflow to another",
    example={
        "content_uid": "content-123",
        "workflow_id": "workflow_789",
        "transition_id": "submit",
        "from_state": "draft",
        "to_state": "pending",
        "user_id": "user1",
        "comments": "Ready for review",
    },
)
def executed(recorded: Recorded[TransitionExecuted]) -> dict[str, Any]:
    """Tell where the content was and is, by whom and why."""
    return _transition(recorded)


@workflow_events.on(
    TransitionApproved,
    name="workflow.transition.approved",
    description="Somebody asked for a transition that needs more people; the state is what it was",
    example={
        "content_uid": "content-123",
        "workflow_id": "workflow_789",
        "transition_id": "peer_review_to_editorial",
        "from_state": "peer_review",
        "to_state": "peer_review",
        "user_id": "reviewer1",
        "comments": "Sound work",
    },
)
def approved(recorded: Recorded[TransitionApproved]) -> dict[str, Any]:
    """Tell who asked for which transition."""
    return _transition(recorded)


@workflow_events.on(
    TemplateRemoved,
    name="workflow.template.removed",
    description="A workflow template was taken from a content, and with it all roles",
    example={
        "content_uid": "content-123",
        "workflow_id": "workflow_789",
        "template_id": "simple_review",
        "state": "pending",
        "user_id": "admin",
    },
)
def removed(recorded: Recorded[TemplateRemoved]) -> dict[str, Any]:
    """Tell which template, and where the content was."""
    return _template(recorded)


@workflow_events.on(
    EarlierWorkflowRestored,
    name="workflow.template.restored",
    description="The workflow that a removed template had replaced was brought back",
    example={
        "content_uid": "content-123",
        "workflow_id": "workflow_788",
        "template_id": "extended_review",
        "state": "approved",
        "user_id": "admin",
    },
)
def restored(recorded: Recorded[EarlierWorkflowRestored]) -> dict[str, Any]:
    """Tell which template, and where the content is."""
    return _template(recorded)


@workflow_events.on(
    RoleAssigned,
    RoleRevoked,
    name="workflow.permission.changed",
    description="Somebody got or lost a role on a content while its template stayed",
    example={
        "content_uid": "content-123",
        "workflow_id": "workflow_789",
        "change": "role_added",
        "role": "editor",
        "user_id": "editor1",
    },
)
def permission_changed(recorded: Recorded[RoleEvent]) -> dict[str, Any] | None:
    """Tell who has which role; what comes with a template, that event tells."""
    event = recorded.event
    if event.operation == "apply_template":
        return None
    return {
        "content_uid": _content_uid(recorded),
        "workflow_id": event.workflow_id,
        "change": "role_added" if isinstance(event, RoleAssigned) else "role_removed",
        "role": event.role,
        "user_id": event.user_id,
    }


def _transition(
    recorded: Recorded[TransitionExecuted] | Recorded[TransitionApproved],
) -> dict[str, Any]:
    event = recorded.event
    return {
        "content_uid": _content_uid(recorded),
        "workflow_id": event.workflow_id,
        "transition_id": event.transition_id,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "user_id": event.user_id,
        "comments": event.comments,
    }


def _template(
    recorded: Recorded[TemplateRemoved] | Recorded[EarlierWorkflowRestored],
) -> dict[str, Any]:
    event = recorded.event
    return {
        "content_uid": _content_uid(recorded),
        "workflow_id": event.workflow_id,
        "template_id": event.template_id,
        "state": event.state,
        "user_id": event.user_id,
    }


def _content_uid(recorded: Recorded[Any]) -> str:
    return recorded.stream_id.removeprefix("content-")

"""Entries of the audit trail, as operations and refused attempts begin them."""

from typing import Any

from domain.events import Recorded
from domain.workflows.content_events import (
    ContentEvent,
    RolesChanged,
    TemplateApplied,
    TemplateRemoved,
    TransitionApproved,
    TransitionEvent,
)
from domain.workflows.content_state import ContentState
from projections.workflows.tables import EntryRow


def content_uid_of(recorded: Recorded[Any]) -> str:
    """Read the uid of a content out of the stream id."""
    return recorded.stream_id.removeprefix("content-")


def entry_id(recorded: Recorded[Any], version: int) -> str:
    """Name the entry of the operation that began at a version."""
    return f"{recorded.stream_id}@{version}"


def entry_of(recorded: Recorded[ContentEvent], state: ContentState) -> EntryRow:
    """Begin the entry of an operation on a content, by its first event."""
    event = recorded.event
    entry = blank_entry(
        recorded,
        operation="apply_template",
        user_id=event.user_id,
        content_uid=content_uid_of(recorded),
        participant=event.participant,
        workflow_id=event.workflow_id,
        template_id=state.current.template.id if state.current is not None else None,
    )
    match event:
        case TemplateApplied():
            entry.template_id = event.template.id
            entry.metadata = {
                "template_version": event.template.version,
                "replaced_workflow": event.replaced_workflow_id,
                "replaced_template": event.replaced_template_id,
                "backup_created": event.backed_up,
            }
        case RolesChanged():
            entry.operation = "modify_roles"
        case TransitionEvent():
            is_approval = isinstance(event, TransitionApproved)
            entry.operation = "approve_transition" if is_approval else "execute_transition"
            entry.transition_id = event.transition_id
            entry.from_state = event.from_state
            entry.to_state = event.to_state
            entry.comments = event.comments
        case TemplateRemoved():
            entry.operation = "remove_template"
            entry.from_state = event.state
    return entry


def blank_entry(
    recorded: Recorded[Any],
    *,
    operation: str,
    user_id: str,
    content_uid: str | None = None,
    participant: str | None = None,
    workflow_id: str | None = None,
    template_id: str | None = None,
    transition_id: str | None = None,
    success: bool = True,
    error_code: str | None = None,
    error: str | None = None,
) -> EntryRow:
    """Begin an entry of which no more is known."""
    return EntryRow(
        id=entry_id(recorded, recorded.version),
        position=recorded.position,
        timestamp=recorded.event.timestamp,
        operation=operation,
        participant=participant,
        user_id=user_id,
        content_uid=content_uid,
        workflow_id=workflow_id,
        template_id=template_id,
        transition_id=transition_id,
        from_state=None,
        to_state=None,
        comments=None,
        success=success,
        before={},
        after={},
        people={},
        metadata={},
        error_code=error_code,
        error=error,
    )

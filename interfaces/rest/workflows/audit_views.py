"""Audit entries as they are shown (seed: AuditEntry)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.workflows.changes import RoleChange, role_changes
from domain.workflows.content import Content
from domain.workflows.vocabulary import title_of
from projections.workflows.tables import EntryRow

# How changes are called that operations make to states.
TRANSITIONS = {
    "execute_transition": "state_change",
    "approve_transition": "transition_approved",
}


class AuditEntryView(msgspec.Struct, frozen=True, kw_only=True):
    """An operation on a workflow, or a refused attempt; then ``error`` says why.

    ``changes`` name roles by their titles, like ``Peer Reviewer``.
    """

    timestamp: datetime
    operation: str
    user_id: str
    content_uid: str | None
    template_id: str | None
    success: bool
    changes: Sequence[dict[str, Any]]
    metadata: Mapping[str, Any]
    error: str | None


def entry_view(entry: EntryRow) -> AuditEntryView:
    """Show an entry of the read model."""
    metadata = dict(entry.metadata)
    if entry.workflow_id is not None:
        metadata["workflow_id"] = entry.workflow_id
    if entry.transition_id is not None:
        metadata["transition_id"] = entry.transition_id
    if entry.comments is not None:
        metadata["comments"] = entry.comments
    if entry.error_code is not None:
        metadata["error_code"] = entry.error_code
    return AuditEntryView(
        timestamp=entry.timestamp,
        operation=entry.operation,
        user_id=entry.user_id,
        content_uid=entry.content_uid,
        template_id=entry.template_id,
        success=entry.success,
        changes=_changes(entry),
        metadata=metadata,
        error=entry.error,
    )


def applied_entry_view(content: Content) -> AuditEntryView:
    """Show the entry of an application as a command has left the content."""
    workflow, people = content.workflow, content.state.people
    changes = role_changes(workflow.replaced, workflow.assignments)
    return AuditEntryView(
        timestamp=workflow.applied_at,
        operation="apply_template",
        user_id=people[workflow.applied_by],
        content_uid=content.key,
        template_id=workflow.template.id,
        success=True,
        changes=[_role_change(change, people) for change in changes],
        metadata={
            "workflow_id": workflow.workflow_id,
            "template_version": workflow.template.version,
            "replaced_template": workflow.replaced_template,
        },
        error=None,
    )


def _changes(entry: EntryRow) -> Sequence[dict[str, Any]]:
    if entry.success and entry.transition_id is not None:
        return [
            {
                "type": TRANSITIONS[entry.operation],
                "transition_id": entry.transition_id,
                "from_state": entry.from_state,
                "to_state": entry.to_state,
            }
        ]
    return [_role_change(each, entry.people) for each in role_changes(entry.before, entry.after)]


def _role_change(change: RoleChange, people: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": change.type,
        "role": title_of(change.role),
        "users": [people[who] for who in change.users],
    }

"""Entries of the audit trail as they are shown (seed: AuditEntry)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.workflows.vocabulary import title_of
from interfaces.spreadsheet import csv_line
from projections.workflows.tables import EntryRow

COLUMNS = (
    "position",
    "timestamp",
    "operation",
    "user_id",
    "content_uid",
    "template_id",
    "success",
    "changes",
    "error",
    "metadata",
)


class AuditEntryView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did with a workflow, or was refused to; ``position`` is its place in the log.

    ``metadata`` holds what belongs to the operation: its workflow, transition, comments and so on.
    """

    position: int
    timestamp: datetime
    operation: str
    user_id: str
    content_uid: str | None
    template_id: str | None
    success: bool
    changes: Sequence[Mapping[str, Any]]
    metadata: dict[str, Any]
    error: str | None


def entry_view(entry: EntryRow) -> AuditEntryView:
    """Show an entry."""
    told = {
        "workflow_id": entry.workflow_id,
        "transition_id": entry.transition_id,
        "from_state": entry.from_state,
        "to_state": entry.to_state,
        "comments": entry.comments,
        "error_code": entry.error_code,
        **entry.metadata,
    }
    return AuditEntryView(
        position=entry.position,
        timestamp=entry.timestamp,
        operation=entry.operation,
        user_id=entry.user_id,
        content_uid=entry.content_uid,
        template_id=entry.template_id,
        success=entry.success,
        changes=[_change(change, entry.people) for change in entry.changes],
        metadata={name: value for name, value in told.items() if value is not None},
        error=entry.error,
    )


def csv_header() -> str:
    """Give the first line of a spreadsheet of entries."""
    return csv_line(COLUMNS)


def csv_entry(view: AuditEntryView) -> str:
    """Give the line of an entry; what has parts of its own is JSON in one cell."""
    plain: dict[str, Any] = msgspec.to_builtins(view)
    return csv_line(
        msgspec.json.encode(plain[name]).decode()
        if name in ("changes", "metadata")
        else plain[name]
        for name in COLUMNS
    )


def _change(change: Mapping[str, Any], people: Mapping[str, str]) -> Mapping[str, Any]:
    """Name roles by their titles and people by their ids."""
    if "role" not in change:
        return change
    users = [people[participant] for participant in change["users"]]
    return {**change, "role": title_of(change["role"]), "users": users}

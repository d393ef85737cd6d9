"""The tables of the read model of workflows."""

from datetime import datetime
from typing import Any

import msgspec

from domain.workflows.content_state import ContentState
from projections.table import Table


class TemplateRow(msgspec.Struct):
    """A custom template in its newest version; ``version`` is that of its stream."""

    id: str
    category: str
    complexity: str
    template: dict[str, Any]
    created_by: str
    created_at: datetime
    updated_at: datetime
    retired_at: datetime | None
    version: int


class ContentRow(msgspec.Struct):
    """A content as its events have made it; when it is read, ``content`` is in JSON.

    The columns after it say what is in there. Without a workflow they are None. ``known`` is
    everybody who ever had to do with it, but those who were neutralized.
    """

    uid: str
    content: ContentState | dict[str, Any]
    workflow_id: str | None
    template_id: str | None
    current_state: str | None
    assignees: list[str]
    known: list[str]
    updated_at: datetime
    version: int


class EntryRow(msgspec.Struct):
    """An operation on a workflow, or a refused attempt, for the audit trail.

    ``id`` is the stream with the version at which the operation began, ``position`` that of its
    first event. ``before`` and ``after`` tell who had which role, where that was the matter: people
    are there what the events call them, and ``people`` has the ids of those who got or lost one.
    """

    id: str
    position: int
    timestamp: datetime
    operation: str
    participant: str | None
    user_id: str
    content_uid: str | None
    workflow_id: str | None
    template_id: str | None
    transition_id: str | None
    from_state: str | None
    to_state: str | None
    comments: str | None
    success: bool
    before: dict[str, list[str]]
    after: dict[str, list[str]]
    people: dict[str, str]
    metadata: dict[str, Any]
    error_code: str | None
    error: str | None


TEMPLATES = Table("templates", TemplateRow, key="id")
CONTENTS = Table("contents", ContentRow, key="uid")
ENTRIES = Table("entries", EntryRow, key="id")

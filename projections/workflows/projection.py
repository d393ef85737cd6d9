"""The read model of workflows: templates, contents, and the audit trail."""

from bisect import bisect_left
from pathlib import Path
from typing import Any

import msgspec

from domain.events import Recorded
from domain.personal import REDACTED, redact
from domain.workflows.content_events import (
    CONTENT_EVENTS,
    ContentEvent,
    ContentRegistered,
    EarlierWorkflowRestored,
    ParticipantNeutralized,
    RoleAssigned,
    RoleEvent,
    RolesChanged,
    TransitionEvent,
)
from domain.workflows.content_state import ContentState
from domain.workflows.custom_template import TemplateDefined, TemplateRetired, TemplateRevised
from domain.workflows.refusal import AttemptRefused, RefusalNeutralized
from projections.projection import Projection, Touched
from projections.table import Rows
from projections.workflows.entries import blank_entry, content_uid_of, entry_id, entry_of
from projections.workflows.tables import (
    CONTENTS,
    ENTRIES,
    TEMPLATES,
    ContentRow,
    TemplateRow,
)

workflows = Projection(
    "workflows",
    version=4,
    schema=Path(__file__).with_name("schema.sql"),
    tables=(TEMPLATES, CONTENTS, ENTRIES),
)


def _template_id(recorded: Recorded[Any]) -> str:
    return recorded.stream_id.removeprefix("template-")


def _its_template(recorded: Recorded[Any]) -> Touched:
    return [(TEMPLATES, _template_id(recorded))]


def _its_content_and_entry(recorded: Recorded[ContentEvent]) -> Touched:
    entry = entry_id(recorded, recorded.event.operation_version)
    return [(CONTENTS, content_uid_of(recorded)), (ENTRIES, entry)]


def _all_that_is_redacted(recorded: Recorded[ParticipantNeutralized]) -> Touched:
    operations = recorded.event.operations
    entries = [(ENTRIES, entry_id(recorded, version)) for version in operations]
    return [(CONTENTS, content_uid_of(recorded)), *entries]


@workflows.on(TemplateDefined)
def template_defined(recorded: Recorded[TemplateDefined], rows: Rows) -> None:
    """List the template."""
    template = recorded.event.template
    rows.add(
        TEMPLATES,
        TemplateRow(
            id=template.id,
            category=template.category,
            complexity=template.complexity,
            template=msgspec.to_builtins(template),
            created_by=recorded.event.defined_by,
            created_at=recorded.event.timestamp,
            updated_at=recorded.event.timestamp,
            retired_at=None,
            version=recorded.version,
        ),
    )
    _enter_of_template(recorded, rows, "define_template", {"version": template.version})


@workflows.on(TemplateRevised, touches=_its_template)
def template_revised(recorded: Recorded[TemplateRevised], rows: Rows) -> None:
    """Show the new version."""
    template = recorded.event.template
    row = _changed_template(recorded, rows)
    row.category = template.category
    row.complexity = template.complexity
    row.template = msgspec.to_builtins(template)
    _enter_of_template(recorded, rows, "revise_template", {"version": template.version})


@workflows.on(TemplateRetired, touches=_its_template)
def template_retired(recorded: Recorded[TemplateRetired], rows: Rows) -> None:
    """List the template no longer."""
    _changed_template(recorded, rows).retired_at = recorded.event.timestamp
    _enter_of_template(recorded, rows, "retire_template", {})


@workflows.on(ContentRegistered)
def content_registered(recorded: Recorded[ContentRegistered], rows: Rows) -> None:
    """Know the content; it has no workflow yet."""
    rows.add(
        CONTENTS,
        ContentRow(
            uid=content_uid_of(recorded),
            content=ContentState(),
            workflow_id=None,
            template_id=None,
            current_state=None,
            assignees=[],
            known=[],
            updated_at=recorded.event.timestamp,
            version=recorded.version,
        ),
    )


@workflows.on(*CONTENT_EVENTS, touches=_its_content_and_entry)
def content_changed(recorded: Recorded[ContentEvent], rows: Rows) -> None:
    """Show the content as the event leaves it, and enter the operation or what it goes on with."""
    event = recorded.event
    row = rows.edit(CONTENTS, content_uid_of(recorded))
    state = state_of(row)
    before = _roles_in(state)
    if event.operation_version == recorded.version:
        rows.add(ENTRIES, entry_of(recorded, state))
    event.fold(state)
    _show(recorded, row, state)
    if isinstance(event, TransitionEvent):
        return
    entry = rows.edit(ENTRIES, entry_id(recorded, event.operation_version))
    if event.operation_version == recorded.version:
        entry.before = before
    entry.after = _roles_in(state)
    if isinstance(event, RoleEvent):
        entry.people[event.participant] = event.user_id
    elif not isinstance(event, RolesChanged):
        entry.people |= _named(state, before) | _named(state, entry.after)
    if isinstance(event, EarlierWorkflowRestored):
        entry.metadata |= {
            "restored_workflow": event.workflow_id,
            "restored_template": event.template_id,
        }


@workflows.on(ParticipantNeutralized, touches=_all_that_is_redacted)
def participant_neutralized(recorded: Recorded[ParticipantNeutralized], rows: Rows) -> None:
    """Take their name and their comments out, here and wherever they were entered."""
    event = recorded.event
    row = rows.edit(CONTENTS, content_uid_of(recorded))
    state = state_of(row)
    event.fold(state)
    _show(recorded, row, state)
    for version in event.operations:
        entry = rows.edit(ENTRIES, entry_id(recorded, version))
        if event.participant in entry.people:
            entry.people[event.participant] = REDACTED
        if entry.participant == event.participant:
            entry.user_id = REDACTED
            entry.comments = redact(entry.comments)


@workflows.on(AttemptRefused)
def attempt_refused(recorded: Recorded[AttemptRefused], rows: Rows) -> None:
    """Enter the attempt."""
    event = recorded.event
    rows.add(
        ENTRIES,
        blank_entry(
            recorded,
            operation=event.operation,
            user_id=event.user_id,
            content_uid=event.content_uid,
            template_id=event.template_id,
            transition_id=event.transition_id,
            success=False,
            error_code=event.error_code,
            error=event.error,
        ),
    )


@workflows.on(
    RefusalNeutralized,
    touches=lambda recorded: [(ENTRIES, entry_id(recorded, 1))],
)
def refusal_neutralized(recorded: Recorded[RefusalNeutralized], rows: Rows) -> None:
    """Take out who it was, and what they were told."""
    entry = rows.edit(ENTRIES, entry_id(recorded, 1))
    entry.user_id = REDACTED
    entry.error = REDACTED


def state_of(row: ContentRow) -> ContentState:
    """Read the content as its events have made it."""
    if isinstance(row.content, ContentState):
        return row.content
    return msgspec.convert(row.content, ContentState)


def _show(recorded: Recorded[Any], row: ContentRow, state: ContentState) -> None:
    workflow = state.current
    row.content = state
    row.workflow_id = workflow.workflow_id if workflow is not None else None
    row.template_id = workflow.template.id if workflow is not None else None
    row.current_state = workflow.state if workflow is not None else None
    row.updated_at = recorded.event.timestamp
    row.version = recorded.version
    event = recorded.event
    if isinstance(event, RoleAssigned):  # of which there are many at once
        _insert(row.assignees, event.user_id)
        _insert(row.known, event.user_id)
    else:
        assigned = workflow.assigned if workflow is not None else ()
        row.assignees = sorted({state.people[who] for who in assigned})
        row.known = sorted({*state.people.values()} - {REDACTED})


def _insert(names: list[str], name: str) -> None:
    place = bisect_left(names, name)
    if names[place : place + 1] != [name]:
        names.insert(place, name)


def _roles_in(state: ContentState) -> dict[str, list[str]]:
    held = state.current.assignments if state.current is not None else {}
    return {role: list(people) for role, people in held.items()}


def _named(state: ContentState, roles: dict[str, list[str]]) -> dict[str, str]:
    return {who: state.people[who] for people in roles.values() for who in people}


def _changed_template(recorded: Recorded[Any], rows: Rows) -> TemplateRow:
    row = rows.edit(TEMPLATES, _template_id(recorded))
    row.updated_at = recorded.event.timestamp
    row.version = recorded.version
    return row


def _enter_of_template(
    recorded: Recorded[Any], rows: Rows, operation: str, metadata: dict[str, Any]
) -> None:
    template_id = _template_id(recorded)
    who = _who(recorded)
    entry = blank_entry(recorded, operation=operation, user_id=who, template_id=template_id)
    entry.metadata = metadata
    rows.add(ENTRIES, entry)


def _who(recorded: Recorded[Any]) -> str:
    """Give who defined a template, which no personal data is in, as the metadata tell."""
    return recorded.metadata.actor.removeprefix("user:")

"""Whatever valid template, and whoever does what: the rules hold, and a replay tells the same."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RuleViolatedError
from domain.events import DomainEvent, Metadata, Recorded
from domain.identity.roles import Role
from domain.personal import protected_fields, redact
from domain.workflows.content import Content
from domain.workflows.content_events import ParticipantNeutralized, TransitionExecuted
from domain.workflows.participants import Actor
from domain.workflows.template import WorkflowState, WorkflowTemplate, WorkflowTransition
from domain.workflows.validation import find_errors
from projections.table import Rows
from projections.workflows.projection import workflows
from projections.workflows.tables import CONTENTS, ENTRIES, ContentRow, EntryRow
from tests.domain.workflows.making import MANAGER

ROLES = (Role.AUTHOR, Role.EDITOR, Role.ADMINISTRATOR)
PEOPLE = ("ann", "bob", "cid", "dan")
CONDITIONS = (
    "requires_comment",
    "min_comment_length:5",
    "min_approvals:2",
    "requires_approval_of:editor",
    "different_user",
)
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@st.composite
def templates(draw: st.DrawFn) -> WorkflowTemplate:
    """A way through all states to the final one, and any other ways besides."""
    count = draw(st.integers(2, 5))
    ways = [(at, at + 1) for at in range(count - 1)]
    ways += draw(
        st.lists(st.tuples(st.integers(0, count - 2), st.integers(0, count - 1)), max_size=5)
    )
    return WorkflowTemplate(
        id="any",
        name="Any workflow",
        description="",
        category="research",
        states=[
            WorkflowState(
                id=f"s{at}",
                name="A state",
                permissions=[],
                is_initial=at == 0,
                is_final=at == count - 1,
            )
            for at in range(count)
        ],
        transitions=[
            WorkflowTransition(
                id=f"t{number}",
                name="A way",
                from_state=f"s{origin}",
                to_state=f"s{to}",
                required_role=draw(st.sampled_from(ROLES)),
                conditions=draw(st.lists(st.sampled_from(CONDITIONS), max_size=2, unique=True)),
            )
            for number, (origin, to) in enumerate(ways)
        ],
    )


ASSIGNMENTS = st.dictionaries(
    st.sampled_from(ROLES),
    st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3),
    min_size=1,
)
MOVES = st.tuples(
    st.sampled_from(["go on", "go on", "move"]),
    st.sampled_from(PEOPLE),
    st.integers(0, 9),
    st.sampled_from(["", "So be it"]),
)
OTHERS = st.one_of(
    st.tuples(st.just("roles"), ASSIGNMENTS),
    st.tuples(st.just("force"), ASSIGNMENTS, st.booleans()),
    st.tuples(st.just("remove"), st.booleans()),
    st.tuples(st.just("neutralize"), st.sampled_from(PEOPLE)),
)
ACTIONS = st.lists(st.one_of(MOVES, MOVES, OTHERS), min_size=5, max_size=25)


def do(content: Content, template: WorkflowTemplate, action: tuple[Any, ...]) -> None:
    match action:
        case ("go on", who, number, comment):
            leaving = template.leaving(content.workflow.state) or template.transitions
            transition_id = leaving[number % len(leaving)].id
            move(content, Actor(user_id=who, roles=frozenset()), transition_id, comment)
        case ("move", who, number, comment):
            move(content, Actor(user_id=who, roles=frozenset()), f"t{number}", comment)
        case ("roles", assignments):
            content.change_roles(assignments, MANAGER)
        case ("force", assignments, keep):
            content.apply_template(
                "workflow_2", template, assignments, MANAGER, force=True, backup_existing=keep
            )
        case ("remove", restore):
            content.remove_template(MANAGER, restore_backup=restore)
        case ("neutralize", who):
            content.neutralize(who, reason="asked to", policy="test")


def move(content: Content, who: Actor, transition_id: str, comment: str) -> None:
    """Move a content on; if that is accepted, say by other means that it was allowed."""
    workflow = content.workflow
    state, held = workflow.state, msgspec.to_builtins(workflow.assignments)
    people = dict(content.state.people)
    checked = content.check_transition(transition_id, comment, who)
    content.execute_transition(checked, comment, who, notify=True)
    transition = checked.definition
    asked_for = {transition.required_role, Role.ADMINISTRATOR}
    asked_for |= {Role.EDITOR for each in transition.conditions if each.endswith(":editor")}
    assert transition.from_state == state
    assert any(
        people[participant] == who.user_id
        for role in asked_for
        for participant in held.get(role, ())
    )
    asks_for_comment = {"requires_comment", "min_comment_length:5"} & {*transition.conditions}
    assert comment or not asks_for_comment
    assert content.workflow.state == (transition.to_state if checked.completes else state)
    if "min_approvals:2" in transition.conditions and checked.completes:
        others = workflow.moved_by
        assert len(others) >= 2


@settings(max_examples=60, deadline=None)
@given(template=templates(), assignments=ASSIGNMENTS, actions=ACTIONS)
def test_states_are_the_templates_moves_were_allowed_and_a_replay_is_the_same(
    template: WorkflowTemplate,
    assignments: dict[str, list[str]],
    actions: Sequence[tuple[Any, ...]],
) -> None:
    assert find_errors(template) == []
    content = Content.register("page-1")
    content.apply_template(
        "workflow_1", template, assignments, MANAGER, force=False, backup_existing=True
    )
    for action in [*actions, ("neutralize", "ann")]:
        try:
            do(content, template, action)
        except RuleViolatedError:
            continue
        if content.state.current is not None:
            assert content.state.current.state in {state.id for state in template.states}

    events = list(content.pending())
    aggregate: Any = None
    for event in events:
        aggregate = event.mutate(aggregate)
    assert aggregate.state == content.state
    shown = read_model(events)
    assert shown[0].content == content.state
    made = [entry for entry in shown[1] if entry.operation == "execute_transition"]
    assert len(made) == sum(isinstance(event, TransitionExecuted) for event in events)

    # What was shown before somebody was forgotten is made what a rebuild makes of it after.
    assert read_model(redacted(events)) == shown


def read_model(events: Sequence[DomainEvent]) -> tuple[ContentRow, list[EntryRow]]:
    rows = Rows()
    for position, event in enumerate(events, start=1):
        recorded = Recorded(
            event=event,
            position=position,
            event_id="an id",
            topic=event.TOPIC,
            recorded_at=NOW,
            metadata=Metadata(actor="user:manager", correlation_id="any"),
            redacted=False,
        )
        workflows.apply(recorded, rows)
    [content], _ = rows.changes(CONTENTS)
    return content, rows.changes(ENTRIES)[0]


def redacted(events: Sequence[DomainEvent]) -> list[DomainEvent]:
    """Give events as they read once the keys are destroyed that redactions among them destroy."""
    erased = {event.subject for event in events if isinstance(event, ParticipantNeutralized)}
    return [_without_personal_data(event) if event.subject in erased else event for event in events]


def _without_personal_data(event: DomainEvent) -> DomainEvent:
    values = {name: redact(getattr(event, name)) for name in protected_fields(type(event))}
    return msgspec.structs.replace(event, **values)

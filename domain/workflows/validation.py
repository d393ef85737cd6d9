"""The rules of templates, for built-in and custom ones alike (contract section 9; seed)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from domain.workflows.conditions import find_fault
from domain.workflows.errors import InvalidTemplateError
from domain.workflows.template import WorkflowState, WorkflowTemplate, WorkflowTransition
from domain.workflows.vocabulary import PRIVILEGED_ROLES, WORKFLOW_ROLES, Action, Category

NAME_LENGTH = 255
DESCRIPTION_LENGTH = 1000
MOST_STATES = 100
MOST_TRANSITIONS = 500
MOST_CONDITIONS = 20

_ID = re.compile(r"[A-Za-z0-9_-]{2,100}")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")

ID_RULE = "must be 2 to 100 letters, digits, underscores or hyphens"


def is_id(text: str) -> bool:
    """Tell whether templates, states and transitions may be called so."""
    return _ID.fullmatch(text) is not None


def check_template(template: WorkflowTemplate) -> None:
    """Check that a template holds together. Raises InvalidTemplateError with all that is wrong."""
    errors = find_errors(template)
    if errors:
        raise InvalidTemplateError(errors)


def find_errors(template: WorkflowTemplate) -> list[str]:
    """Say everything that is wrong with a template."""
    return [
        *_of_fields(template),
        *_of_states(template),
        *_of_transitions(template),
        *_of_graph(template),
    ]


def find_warnings(template: WorkflowTemplate) -> list[str]:
    """Say what those who apply a template should mind."""
    return [
        f"Template uses privileged role '{role}' - ensure proper access control"
        for role in template.roles
        if role in PRIVILEGED_ROLES
    ]


def version_key(version: str) -> tuple[int, int, int]:
    """Give what versions are ordered by; of a version that is none, what comes before all."""
    found = _VERSION.fullmatch(version)
    return (int(found[1]), int(found[2]), int(found[3])) if found is not None else (-1, -1, -1)


def _of_fields(template: WorkflowTemplate) -> Iterator[str]:
    if not is_id(template.id):
        yield f"Template ID '{template.id}' {ID_RULE}"
    if not 3 <= len(template.name.strip()) <= NAME_LENGTH:  # noqa: PLR2004 - notes, 3a
        yield f"Workflow name must be 3 to {NAME_LENGTH} characters long"
    if len(template.description) > DESCRIPTION_LENGTH:
        yield f"Workflow description must be at most {DESCRIPTION_LENGTH} characters long"
    if template.category not in list(Category):
        yield f"Category '{template.category}' must be one of {', '.join(Category)}"
    if version_key(template.version) < (0, 0, 0):
        yield "Version must follow semantic versioning (x.y.z)"
    for role, actions in template.default_permissions.items():
        yield from _of_permission("Default permissions", role, actions)


def _of_states(template: WorkflowTemplate) -> Iterator[str]:
    if not 2 <= len(template.states) <= MOST_STATES:  # noqa: PLR2004 - notes, 3a
        yield f"Workflow must have 2 to {MOST_STATES} states"
    yield from _twice("State ID", (state.id for state in template.states))
    for state in template.states:
        if not is_id(state.id):
            yield f"State ID '{state.id}' {ID_RULE}"
        yield from _of_texts(f"State '{state.id}'", state.name, state.description)
        yield from _twice(
            f"State '{state.id}': role", (permission.role for permission in state.permissions)
        )
        for permission in state.permissions:
            yield from _of_permission(f"State '{state.id}'", permission.role, permission.actions)
    if sum(state.is_initial for state in template.states) != 1:
        yield "Workflow must have exactly one initial state"
    if not any(state.is_final for state in template.states):
        yield "Workflow must have at least one final state"


def _of_transitions(template: WorkflowTemplate) -> Iterator[str]:
    if not 1 <= len(template.transitions) <= MOST_TRANSITIONS:
        yield f"Workflow must have 1 to {MOST_TRANSITIONS} transitions"
    yield from _twice("Transition ID", (transition.id for transition in template.transitions))
    states = {state.id: state for state in template.states}
    for transition in template.transitions:
        yield from _of_transition(transition, states)


def _of_transition(
    transition: WorkflowTransition, states: Mapping[str, WorkflowState]
) -> Iterator[str]:
    which = f"Transition '{transition.id}'"
    if not is_id(transition.id):
        yield f"Transition ID '{transition.id}' {ID_RULE}"
    yield from _of_texts(which, transition.name, transition.description)
    for end in ("from_state", "to_state"):
        if getattr(transition, end) not in states:
            yield f"{which} references unknown {end}: {getattr(transition, end)}"
    if transition.from_state in states and states[transition.from_state].is_final:
        yield f"Final state '{transition.from_state}' cannot have outgoing transitions"
    if transition.required_role not in WORKFLOW_ROLES:
        yield f"{which}: unknown role '{transition.required_role}'"
    if len(transition.conditions) > MOST_CONDITIONS:
        yield f"{which} must have at most {MOST_CONDITIONS} conditions"
    for condition in transition.conditions:
        if (fault := find_fault(condition)) is not None:
            yield f"{which}: condition {fault}"


def _of_graph(template: WorkflowTemplate) -> Iterator[str]:
    ways = [(each.from_state, each.to_state) for each in template.transitions]
    begin = {state.id for state in template.states if state.is_initial}
    end = {state.id for state in template.states if state.is_final}
    reached = _reach(begin, ways)
    leading = _reach(end, [(to, origin) for origin, to in ways])
    states = list(dict.fromkeys(state.id for state in template.states))
    if begin and (unreachable := [state for state in states if state not in reached]):
        yield f"Unreachable states detected: {', '.join(unreachable[:MOST_STATES])}"
    if end and (stuck := [state for state in states if state not in leading]):
        yield f"States without a way to a final state: {', '.join(stuck[:MOST_STATES])}"


def _reach(begin: set[str], ways: list[tuple[str, str]]) -> set[str]:
    onward: dict[str, list[str]] = {}
    for origin, to in ways:
        onward.setdefault(origin, []).append(to)
    reached, waiting = set(begin), list(begin)
    while waiting:
        for state in onward.get(waiting.pop(), ()):
            if state not in reached:
                reached.add(state)
                waiting.append(state)
    return reached


def _of_texts(which: str, name: str, description: str) -> Iterator[str]:
    if not name.strip() or len(name) > NAME_LENGTH:
        yield f"{which} must have a name of 1 to {NAME_LENGTH} characters"
    if len(description) > DESCRIPTION_LENGTH:
        yield f"{which} must have a description of at most {DESCRIPTION_LENGTH} characters"


def _of_permission(which: str, role: str, actions: list[str]) -> Iterator[str]:
    if role not in WORKFLOW_ROLES:
        yield f"{which}: unknown role '{role}'"
    for action in actions:
        if action not in list(Action):
            yield f"{which}: unknown action '{action}' of role '{role}'"
    yield from _twice(f"{which}: action of role '{role}'", actions)


def _twice(which: str, ids: Iterable[str]) -> Iterator[str]:
    for text, count in Counter(ids).items():
        if count > 1:
            yield f"{which} '{text}' is there {count} times"

"""Workflow templates as values: states, transitions, and who may do what (seed: Core Models)."""

from collections.abc import Iterator

import msgspec

from domain.workflows.conditions import Conditions, read_conditions
from domain.workflows.vocabulary import Complexity

FIRST_VERSION = "1.0.0"

_SIMPLE_STATES = 3
_MODERATE_STATES = 5


class StatePermission(msgspec.Struct, frozen=True, kw_only=True):
    """What a role may do in a state."""

    role: str
    actions: list[str]


class WorkflowState(msgspec.Struct, frozen=True, kw_only=True):
    """A state that a content can be in."""

    id: str
    name: str
    permissions: list[StatePermission]
    description: str = ""
    is_initial: bool = False
    is_final: bool = False


class WorkflowTransition(msgspec.Struct, frozen=True, kw_only=True):
    """A way from one state to another, and who may go it."""

    id: str
    name: str
    from_state: str
    to_state: str
    required_role: str
    description: str = ""
    conditions: list[str] = msgspec.field(default_factory=list)

    @property
    def needs(self) -> Conditions:
        """The conditions, read."""
        return read_conditions(self.conditions)


class WorkflowTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that contents can be given. Whether it holds together, ``check_template`` says."""

    id: str
    name: str
    description: str
    category: str
    states: list[WorkflowState]
    transitions: list[WorkflowTransition]
    default_permissions: dict[str, list[str]] = msgspec.field(default_factory=dict)
    version: str = FIRST_VERSION

    @property
    def initial_state(self) -> str:
        """The state in which a content begins."""
        return next(state.id for state in self.states if state.is_initial)

    @property
    def complexity(self) -> Complexity:
        """How involved it is, by the number of its states."""
        if len(self.states) <= _SIMPLE_STATES:
            return Complexity.SIMPLE
        if len(self.states) <= _MODERATE_STATES:
            return Complexity.MODERATE
        return Complexity.COMPLEX

    @property
    def required_roles(self) -> list[str]:
        """The roles that transitions need, each once, in their order."""
        roles: dict[str, None] = {}
        for transition in self.transitions:
            roles[transition.required_role] = None
            roles |= dict.fromkeys(sorted(transition.needs.approval_of))
        return list(roles)

    @property
    def roles(self) -> list[str]:
        """All roles that it speaks of, sorted."""
        permitted = (permission.role for state in self.states for permission in state.permissions)
        return sorted({*permitted, *self.required_roles, *self.default_permissions})

    def transition(self, transition_id: str) -> WorkflowTransition | None:
        """Give the transition with this id."""
        return next((each for each in self.transitions if each.id == transition_id), None)

    def leaving(self, state_id: str) -> list[WorkflowTransition]:
        """Give the transitions out of a state."""
        return [each for each in self.transitions if each.from_state == state_id]

    def grants(self) -> Iterator[tuple[str, str, str]]:
        """Give every (state, role, action) that the states permit."""
        for state in self.states:
            for permission in state.permissions:
                for action in permission.actions:
                    yield state.id, permission.role, action

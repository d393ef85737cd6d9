"""Which templates hold together, and all that is said of those that do not (contract section 9)."""

import msgspec
import pytest

from domain.workflows.conditions import KNOWN, Conditions, read_conditions
from domain.workflows.custom_template import (
    CustomTemplate,
    TemplateDefined,
    TemplateRetired,
    TemplateRevised,
)
from domain.workflows.errors import InvalidTemplateError, InvalidValueError
from domain.workflows.template import StatePermission, WorkflowState, WorkflowTransition
from domain.workflows.validation import find_errors, find_warnings
from domain.workflows.vocabulary import Category
from tests.domain.workflows.making import BUILT_IN

SIMPLE = BUILT_IN["simple_review"]
OWN = msgspec.structs.replace(SIMPLE, id="own_review")


def state(state_id: str, *, initial: bool = False, final: bool = False) -> WorkflowState:
    return WorkflowState(
        id=state_id, name=state_id, permissions=[], is_initial=initial, is_final=final
    )


def way(
    transition_id: str, origin: str, to: str, role: str = "author", *conditions: str
) -> WorkflowTransition:
    return WorkflowTransition(
        id=transition_id,
        name=transition_id,
        from_state=origin,
        to_state=to,
        required_role=role,
        conditions=list(conditions),
    )


def errors_of(states: list[WorkflowState], transitions: list[WorkflowTransition]) -> list[str]:
    return find_errors(msgspec.structs.replace(OWN, states=states, transitions=transitions))


ENDS = [state("aa", initial=True), state("zz", final=True)]
THROUGH = way("go", "aa", "zz")


def test_there_are_five_built_in_templates_of_all_categories() -> None:
    assert list(BUILT_IN) == [
        "simple_review",
        "extended_review",
        "course_content",
        "policy_review",
        "research_publication",
    ]
    assert {template.category for template in BUILT_IN.values()} == set(Category)
    assert {name: str(each.complexity) for name, each in BUILT_IN.items()} == {
        "simple_review": "simple",
        "extended_review": "complex",
        "course_content": "moderate",
        "policy_review": "moderate",
        "research_publication": "moderate",
    }


def test_simple_review_is_as_the_seed_shows_it() -> None:
    assert [each.id for each in SIMPLE.states] == ["draft", "pending", "published"]
    assert [each.id for each in SIMPLE.transitions] == ["submit", "approve", "reject", "publish"]
    assert SIMPLE.default_permissions == {
        "administrator": ["view", "edit", "delete", "manage_workflow"],
        "viewer": ["view"],
    }
    assert find_warnings(SIMPLE) == [
        "Template uses privileged role 'administrator' - ensure proper access control"
    ]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = msgspec.structs.replace(
        OWN,
        id="?",
        name="  x ",
        category="private",
        version="1.0",
        default_permissions={"stranger": ["view"], "viewer": ["look"]},
        states=[
            state("a", initial=True),
            state("bb", initial=True),
            state("bb", final=True),
            WorkflowState(
                id="cc",
                name=" ",
                permissions=[
                    StatePermission(role="nobody", actions=["view"]),
                    StatePermission(role="author", actions=["edit", "edit", "fly"]),
                    StatePermission(role="author", actions=[]),
                ],
            ),
        ],
        transitions=[
            way("go", "a", "bb"),
            way("go", "bb", "nowhere", "king"),
            way("x", "cc", "a", "author", "is_friday", "min_approvals:0", "requires_comment:yes"),
        ],
    )

    assert find_errors(wrong) == [
        "Template ID '?' must be 2 to 100 letters, digits, underscores or hyphens",
        "Workflow name must be 3 to 255 characters long",
        "Category 'private' must be one of educational, corporate, research",
        "Version must follow semantic versioning (x.y.z)",
        "Default permissions: unknown role 'stranger'",
        "Default permissions: unknown action 'look' of role 'viewer'",
        "State ID 'bb' is there 2 times",
        "State ID 'a' must be 2 to 100 letters, digits, underscores or hyphens",
        "State 'cc' must have a name of 1 to 255 characters",
        "State 'cc': role 'author' is there 2 times",
        "State 'cc': unknown role 'nobody'",
        "State 'cc': unknown action 'fly' of role 'author'",
        "State 'cc': action of role 'author' 'edit' is there 2 times",
        "Workflow must have exactly one initial state",
        "Transition ID 'go' is there 2 times",
        "Transition 'go' references unknown to_state: nowhere",
        "Final state 'bb' cannot have outgoing transitions",
        "Transition 'go': unknown role 'king'",
        "Transition ID 'x' must be 2 to 100 letters, digits, underscores or hyphens",
        f"Transition 'x': condition is unknown: 'is_friday'; known are {KNOWN}",
        "Transition 'x': condition needs a number from 1 to 100: 'min_approvals:0'",
        "Transition 'x': condition takes no value: 'requires_comment:yes'",
        "Unreachable states detected: cc",
    ]


def test_a_workflow_has_states_and_transitions() -> None:
    assert errors_of([], []) == [
        "Workflow must have 2 to 100 states",
        "Workflow must have exactly one initial state",
        "Workflow must have at least one final state",
        "Workflow must have 1 to 500 transitions",
    ]


def test_every_state_can_be_reached_the_final_ones_too() -> None:
    unreachable = [*ENDS, state("yy", final=True)]
    assert errors_of(unreachable, [THROUGH]) == ["Unreachable states detected: yy"]


def test_every_state_leads_to_a_final_one() -> None:
    stuck = [*ENDS, state("mm"), state("nn")]
    transitions = [THROUGH, way("in", "aa", "mm"), way("on", "mm", "nn"), way("back", "nn", "mm")]
    assert errors_of(stuck, transitions) == ["States without a way to a final state: mm, nn"]


def test_a_template_may_go_round_in_circles() -> None:
    circle = [*ENDS, state("mm")]
    assert errors_of(circle, [THROUGH, way("in", "aa", "mm"), way("back", "mm", "aa")]) == []


@pytest.mark.parametrize(
    "version", ["1", "1.0", "1.0.0.0", "01.0.0", "a.b.c", "", "-1.0.0", "1.0.0 "]
)
def test_a_version_is_semantic(version: str) -> None:
    assert find_errors(msgspec.structs.replace(OWN, version=version)) == [
        "Version must follow semantic versioning (x.y.z)"
    ]


def test_conditions_are_read_together() -> None:
    assert read_conditions([]) == Conditions()
    texts = ["min_comment_length:5", "min_approvals:2", "min_comment_length:9", "different_user"]
    assert read_conditions([*texts, "requires_approval_of:editor"]) == Conditions(
        requires_comment=True,
        min_comment_length=9,
        min_approvals=2,
        approval_of=frozenset({"editor"}),
        different_user=True,
    )


def test_a_custom_template_has_versions_until_it_is_retired() -> None:
    custom = CustomTemplate.define(OWN, "manager")
    custom.revise(msgspec.structs.replace(OWN, version="1.10.0"))
    with pytest.raises(InvalidValueError, match=r"higher than 1\.10\.0"):
        custom.revise(msgspec.structs.replace(OWN, version="1.9.9"))
    custom.retire()
    custom.retire()
    kinds = [type(event) for event in custom.pending()]
    assert kinds == [TemplateDefined, TemplateRevised, TemplateRetired]


def test_a_custom_template_obeys_the_same_rules() -> None:
    with pytest.raises(InvalidTemplateError) as refused:
        CustomTemplate.define(msgspec.structs.replace(OWN, version="one", name=""), "manager")
    assert refused.value.details == {
        "field": "template",
        "validation_errors": [
            "Workflow name must be 3 to 255 characters long",
            "Version must follow semantic versioning (x.y.z)",
        ],
    }


def test_of_endless_errors_the_first_are_told_and_how_many_more_there_are() -> None:
    odd = {f"role{number}": ["view"] for number in range(1000)}
    with pytest.raises(InvalidTemplateError) as refused:
        CustomTemplate.define(msgspec.structs.replace(OWN, default_permissions=odd), "ann")
    *first, last = refused.value.details["validation_errors"]
    assert first == [f"Default permissions: unknown role 'role{number}'" for number in range(100)]
    assert last == "and 900 more"

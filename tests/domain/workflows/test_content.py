"""Given a content's events, when somebody acts, then these events (contract section 9)."""

import pytest

from domain.identity.roles import Role
from domain.workflows.content import Content
from domain.workflows.content_events import (
    ContentRegistered,
    EarlierWorkflowRestored,
    RoleAssigned,
    RoleRevoked,
    RolesChanged,
    TemplateApplied,
    TemplateRemoved,
    TransitionApproved,
    TransitionExecuted,
)
from domain.workflows.errors import (
    CommentRequiredError,
    ContentNotFoundError,
    InsufficientPermissionsError,
    InvalidAssignmentsError,
    InvalidTransitionError,
    InvalidValueError,
    TransitionNotFoundError,
    WorkflowExistsError,
)
from domain.workflows.permissions import available_transitions, roles_on
from tests.domain.workflows.making import (
    MANAGER,
    SIMPLE,
    act,
    apply,
    content_under,
    held_roles,
    notified,
    person,
    state_of,
)

ANN, ED, ROOT, STRANGER = map(person, ("ann", "ed", "root", "stranger"))


def simple() -> Content:
    return content_under("simple_review", SIMPLE)


def ids_for(content: Content, user_id: str, *roles: Role) -> list[str]:
    actor = person(user_id, *roles)
    return [each.id for each in available_transitions(content.state, actor)]


def test_applying_a_template_begins_in_its_initial_state_with_everybody_in_their_roles() -> None:
    content = Content.register("page-1")
    apply(content, "simple_review", {"author": ["ann", "bob", "ann"], "editor": ["ed"]})
    kinds = [type(event) for event in content.pending()]
    assert kinds == [ContentRegistered, TemplateApplied, *[RoleAssigned] * 3]
    assert state_of(content) == "draft"
    assert held_roles(content) == {"author": ["ann", "bob"], "editor": ["ed"]}
    assert content.workflow.template.version == "1.0.0"


@pytest.mark.parametrize(
    "uid", ["", "a b", "a/b", "a~b", "é", ".", "..", "x" * 101, "a\n", "a'; --"]
)
def test_a_content_has_a_proper_uid(uid: str) -> None:
    with pytest.raises(InvalidValueError, match="content_uid"):
        Content.register(uid)


def test_everything_that_is_wrong_with_role_assignments_is_said_at_once() -> None:
    content = Content.register("page-1")
    wrong = {
        "author": [],
        "king": ["ann"],
        "editor": [" "],
        "viewer": [f"v{number}" for number in range(201)],
        "publisher": ["group:unknown", "group:publisher"],
    }
    with pytest.raises(InvalidAssignmentsError) as refused:
        apply(content, "simple_review", wrong)
    assert refused.value.details["validation_errors"] == [
        "Role 'author' has no assigned users",
        "Unknown role 'king'",
        "Role 'editor' has an assigned user without a proper ID",
        "Role 'viewer' has more than 200 assigned users",
        "Role 'publisher' has a group that is none of Annals' roles",
    ]


def test_somebody_must_be_assigned() -> None:
    with pytest.raises(InvalidAssignmentsError, match="At least one role must be assigned"):
        apply(Content.register("page-1"), "simple_review", {})


def test_a_second_template_is_refused_unless_it_is_forced() -> None:
    content = simple()
    with pytest.raises(WorkflowExistsError) as refused:
        apply(content, "policy_review", SIMPLE)
    assert refused.value.details == {
        "existing_template": "simple_review",
        "applied_at": content.workflow.applied_at,
        "suggestion": "Use force=true to override",
    }
    apply(content, "policy_review", {"author": ["bob"]}, force=True)
    assert content.workflow.template.id == "policy_review"
    assert held_roles(content) == {"author": ["bob"]}


def test_a_transition_is_made_by_who_has_its_role_on_the_content() -> None:
    content = simple()
    assert act(content, ANN, "submit") == [TransitionExecuted]
    assert state_of(content) == "pending"
    assert notified(content) == ["ed"]
    assert act(content, ED, "reject", "Not yet") == [TransitionExecuted]
    assert notified(content) == ["ann", "root"]
    assert act(content, ROOT, "publish") == [TransitionExecuted]
    assert state_of(content) == "published"
    assert notified(content) == ["ann"]


def test_a_role_of_annals_is_none_on_the_content() -> None:
    content = simple()
    everywhere = person("eve", Role.AUTHOR, Role.EDITOR, Role.WORKFLOW_MANAGER)
    with pytest.raises(InsufficientPermissionsError) as refused:
        act(content, everywhere, "submit")
    assert refused.value.details == {
        "required_roles": ["author"],
        "user_roles": ["author", "editor", "workflow_manager"],
    }


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.ADMIN])
def test_an_administrator_may_stand_in_for_every_role(role: Role) -> None:
    assert act(simple(), person("eve", role), "submit") == [TransitionExecuted]


def test_a_group_has_a_role_for_all_who_are_in_it() -> None:
    content = content_under("simple_review", {"author": ["group:peer_reviewer"]})
    assert ids_for(content, "bob") == []
    assert ids_for(content, "bob", Role.PEER_REVIEWER) == ["submit"]
    assert roles_on(content.state, person("b", Role.PEER_REVIEWER)) == ["author"]


def test_what_is_available_depends_on_state_and_role() -> None:
    content = simple()
    assert ids_for(content, "ann") == ["submit"]
    assert ids_for(content, "root") == ["submit", "publish"]
    assert ids_for(content, "stranger") == []
    act(content, ANN, "submit")
    assert ids_for(content, "ann") == []
    assert ids_for(content, "ed") == ["approve", "reject"]


def test_a_transition_is_checked_for_its_name_its_state_its_role_and_its_comment() -> None:
    content = simple()
    with pytest.raises(TransitionNotFoundError) as unknown:
        act(content, STRANGER, "fly")
    assert unknown.value.details["transitions"] == ["submit", "approve", "reject", "publish"]
    with pytest.raises(InvalidTransitionError) as too_early:
        act(content, ANN, "reject")
    assert too_early.value.details == {
        "current_state": "draft",
        "available_transitions": ["submit"],
    }
    act(content, ANN, "submit")
    with pytest.raises(InsufficientPermissionsError):
        act(content, ANN, "reject")
    for blank in (None, "", " \n\t"):
        with pytest.raises(CommentRequiredError):
            act(content, ED, "reject", blank)
    assert content.pending() == []


def test_a_comment_can_have_to_be_of_some_length() -> None:
    content = content_under("policy_review", {"author": ["ann"], "subject_expert": ["sue"]})
    act(content, ANN, "submit_for_legal_review")
    with pytest.raises(CommentRequiredError, match="at least 10 characters"):
        act(content, person("sue"), "return_to_draft", "  too short  ")
    assert act(content, person("sue"), "return_to_draft", "long enough") == [TransitionExecuted]


PEERS = {"author": ["ann"], "peer_reviewer": ["bob", "cid", "ann"], "editor": ["ed"]}
EXPERT = PEERS | {"subject_expert": ["sue"]}


def in_peer_review() -> Content:
    content = content_under("extended_review", EXPERT)
    act(content, ANN, "submit_for_peer_review")
    return content


def test_a_transition_can_need_more_people_who_must_be_different_ones() -> None:
    content = in_peer_review()
    bob, cid = person("bob"), person("cid")
    assert act(content, bob, "peer_review_to_editorial", "Fine") == [TransitionApproved]
    assert state_of(content) == "peer_review"
    assert notified(content) == ["ann", "cid"]
    assert ids_for(content, "bob") == ["peer_review_reject"]
    with pytest.raises(InvalidTransitionError, match="asked for 'peer_review_to_editorial' alre"):
        act(content, bob, "peer_review_to_editorial", "Very fine")
    assert act(content, cid, "peer_review_to_editorial", "Fine") == [TransitionExecuted]
    assert state_of(content) == "editorial_review"


def test_approvals_are_gone_once_the_state_changes() -> None:
    content = in_peer_review()
    act(content, person("bob"), "peer_review_to_editorial", "Fine")
    act(content, person("cid"), "peer_review_reject", "Not good enough")
    act(content, ANN, "submit_for_peer_review")
    approved = act(content, person("cid"), "peer_review_to_editorial", "Fine now")
    assert approved == [TransitionApproved]


def test_an_approval_counts_no_more_once_the_role_is_taken_away() -> None:
    content = in_peer_review()
    act(content, person("bob"), "peer_review_to_editorial", "Fine")
    content.change_roles(EXPERT | {"peer_reviewer": ["cid", "dan"]}, MANAGER)
    content.pending()
    assert act(content, person("cid"), "peer_review_to_editorial", "Fine") == [TransitionApproved]


def test_what_members_of_a_group_approved_goes_with_the_role_of_the_group() -> None:
    peers = {"peer_reviewer": ["group:peer_reviewer", "cid"]}
    content = content_under("extended_review", EXPERT | peers)
    bob, cid, dan = (person(user_id, Role.PEER_REVIEWER) for user_id in ("bob", "cid", "dan"))
    act(content, ANN, "submit_for_peer_review")
    act(content, bob, "peer_review_to_editorial", "Fine")
    content.change_roles(EXPERT | {"peer_reviewer": ["cid", "dan"]}, MANAGER)
    content.pending()
    assert act(content, cid, "peer_review_to_editorial", "Fine") == [TransitionApproved]
    assert act(content, dan, "peer_review_to_editorial", "Fine") == [TransitionExecuted]


@pytest.mark.parametrize("order", [("ed", "sue"), ("sue", "ed")])
def test_a_transition_can_need_somebody_with_another_role(order: tuple[str, str]) -> None:
    content = in_peer_review()
    for peer in ("bob", "cid"):
        act(content, person(peer), "peer_review_to_editorial", "Fine")
    first, second = (person(user_id) for user_id in order)
    assert act(content, first, "editorial_approve", "Fine") == [TransitionApproved]
    assert act(content, second, "editorial_approve", "Fine") == [TransitionExecuted]


def test_a_transition_can_need_somebody_else_than_who_led_to_it() -> None:
    content = content_under("policy_review", {"author": ["ann"], "subject_expert": ["ann", "sue"]})
    act(content, ANN, "submit_for_legal_review")
    assert ids_for(content, "ann") == ["return_to_draft"]
    with pytest.raises(InvalidTransitionError, match="somebody else"):
        act(content, ANN, "clear_legal_review", "Lawful")
    assert act(content, person("sue"), "clear_legal_review", "Lawful") == [TransitionExecuted]


def test_removing_a_template_brings_the_one_back_that_it_replaced() -> None:
    content = simple()
    act(content, ANN, "submit")
    before = content.workflow
    apply(content, "policy_review", {"author": ["bob"]}, force=True)
    content.pending()
    content.remove_template(MANAGER, restore_backup=True)
    kinds = [type(event) for event in content.pending()]
    assert kinds == [TemplateRemoved, EarlierWorkflowRestored]
    assert content.workflow == before
    content.remove_template(MANAGER, restore_backup=True)
    assert [type(event) for event in content.pending()] == [TemplateRemoved]


@pytest.mark.parametrize(("kept", "restored"), [(False, True), (True, False)])
def test_without_a_backup_or_its_restoring_there_is_no_workflow(kept: bool, restored: bool) -> None:
    content = simple()
    apply(content, "policy_review", SIMPLE, force=True, backup_existing=kept)
    content.remove_template(MANAGER, restore_backup=restored)
    for attempt in (
        lambda: act(content, ANN, "submit"),
        lambda: content.remove_template(MANAGER, restore_backup=True),
        lambda: content.change_roles(SIMPLE, MANAGER),
    ):
        with pytest.raises(ContentNotFoundError):
            attempt()


def test_roles_are_changed_by_what_differs() -> None:
    content = simple()
    content.change_roles({"author": ["ann", "bob"], "editor": ["eva"]}, MANAGER)
    events = content.pending()
    assert [(type(event), event.user_id) for event in events] == [  # type: ignore[attr-defined]
        (RolesChanged, "manager"),
        (RoleAssigned, "bob"),
        (RoleAssigned, "eva"),
        (RoleRevoked, "ed"),
        (RoleRevoked, "root"),
    ]
    assert held_roles(content) == {"author": ["ann", "bob"], "editor": ["eva"]}
    content.change_roles({"editor": ["eva"], "author": ["bob", "ann"]}, MANAGER)
    assert content.pending() == []


def test_each_event_is_protected_by_the_key_of_whom_it_is_about() -> None:
    content = Content.register("page-1")
    apply(content, "simple_review", {"author": ["ann"], "editor": ["ann"], "viewer": ["vic"]})
    subjects = [event.subject for event in content.pending()]
    assert subjects[0] == "content-page-1"
    assert len({*subjects}) == 4
    assert subjects[2] == subjects[3]
    assert all(subject.startswith("content-page-1~") for subject in subjects[1:])

"""Putting contents under templates (seed: POST /workflows/apply; contract section 9)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.interfaces.api import Api, Json, own_template, unique
from tests.interfaces.rest.problems import assert_workflows_error
from tests.interfaces.rest.workflow_people import EXAMPLE, acting, applied, roles
from tests.serving import Served

PRIVILEGED = "Template uses privileged role 'administrator' - ensure proper access control"


def test_applying_a_template_answers_as_the_seed_shows(api: Api) -> None:
    uid = unique("content")
    answer = applied(api, uid)
    workflow_id = answer["application_result"]["workflow_created"]
    at, who = answer["applied_at"], answer["user_id"]
    assert at.endswith("Z")
    assert workflow_id.startswith("workflow_")
    nothing: Json = {
        "is_valid": True,
        "missing_roles": [],
        "invalid_permissions": [],
        "warnings": [],
        "errors": [],
    }
    assert answer == {
        "success": True,
        "template_id": "simple_review",
        "content_uid": uid,
        "user_id": who,
        "validation_results": {
            "template": nothing | {"warnings": [PRIVILEGED]},
            "roles": nothing,
            "content": nothing,
        },
        "application_result": {
            "workflow_created": workflow_id,
            "permissions_applied": 15,
            "backup_created": False,
        },
        "audit_log": {
            "timestamp": at,
            "operation": "apply_template",
            "user_id": who,
            "content_uid": uid,
            "template_id": "simple_review",
            "success": True,
            "changes": [
                {"type": "role_added", "role": "Author", "users": ["user1", "user2"]},
                {"type": "role_added", "role": "Editor", "users": ["editor1"]},
                {"type": "role_added", "role": "Administrator", "users": ["admin1"]},
            ],
            "metadata": {
                "workflow_id": workflow_id,
                "template_version": "1.0.0",
                "replaced_template": None,
            },
            "error": None,
        },
        "warnings": [],
        "applied_at": at,
    }


def test_roles_that_nobody_has_and_roles_that_are_not_used_are_warned_of(api: Api) -> None:
    assignments = {"author": ["ann"], "peer_reviewer": ["bob"]}
    answer = applied(api, unique("content"), role_assignments=assignments)
    unheld = [
        f"Role '{role}' is needed by a transition and has no assigned users"
        for role in ("editor", "administrator")
    ]
    found = answer["validation_results"]["roles"]
    assert found["missing_roles"] == ["editor", "administrator"]
    assert found["warnings"] == [*unheld, "Role 'peer_reviewer' assigned but not used in template"]
    assert answer["warnings"] == unheld


def test_a_transition_that_needs_more_people_than_there_are_is_warned_of(api: Api) -> None:
    def warned_of(*peers: str) -> bool:
        body = {"author": ["ann"], "peer_reviewer": peers}
        answer = applied(api, unique("content"), "extended_review", role_assignments=body)
        warnings = answer["validation_results"]["roles"]["warnings"]
        transition = "peer_review_to_editorial"
        return f"Transition '{transition}' needs 2 people, and has 1" in warnings

    assert warned_of("bob")
    assert not warned_of("bob", "cid")
    assert not warned_of("group:peer_reviewer")


def test_only_those_who_manage_workflows_may_apply_templates(
    served: Served, api: Api, author: Api
) -> None:
    uid = unique("content")
    body = {"role_assignments": EXAMPLE}
    path = f"/workflows/apply/simple_review?content_uid={uid}"
    response = author.http.post(path, json=body)
    details = assert_workflows_error(
        response,
        403,
        "INSUFFICIENT_PERMISSIONS",
        "Insufficient permissions for workflow management",
    )
    assert details == {
        "required_roles": ["workflow_manager", "administrator"],
        "user_roles": ["user"],
    }
    for role in ("workflow_manager", "administrator"):
        with acting(served, api, role) as manager:
            assert applied(manager, unique("content"))["success"]
    applied(api, uid)
    for refused in (
        author.http.delete(f"/workflows/content/{uid}/template"),
        author.http.put(f"/workflows/content/{uid}/roles", json=body),
        author.http.post("/workflows/templates", json=own_template()),
    ):
        assert_workflows_error(refused, 403, "INSUFFICIENT_PERMISSIONS")


@pytest.mark.parametrize(
    ("body", "error", "field"),
    [
        ({"role_assignments": {"author": []}}, "Role 'author' has no assigned", "role_assignments"),
        ({"role_assignments": {"king": ["ann"]}}, "Unknown role 'king'", "role_assignments"),
        ({"role_assignments": {}}, "At least one role must be assigned", "role_assignments"),
        ({}, "role_assignments is required", "role_assignments"),
        ({"role_assignments": EXAMPLE, "force": "yes"}, "force Expected", "force"),
        ({"role_assignments": []}, "role_assignments Expected", "role_assignments"),
    ],
)
def test_a_malformed_application_is_refused_by_the_name_of_the_field(
    api: Api, body: Json, error: str, field: str
) -> None:
    path = f"/workflows/apply/simple_review?content_uid={unique('content')}"
    response = api.http.post(path, json=body)
    details = assert_workflows_error(response, 400, "VALIDATION_ERROR", error)
    assert details["field"] == field
    assert len(details["validation_errors"]) == 1


def test_a_content_has_a_proper_uid(api: Api) -> None:
    path = "/workflows/apply/simple_review"
    body = {"role_assignments": EXAMPLE}
    missing = api.http.post(path, json=body)
    assert assert_workflows_error(missing, 400, "VALIDATION_ERROR")["field"] == "content_uid"
    for uid in ("a b", "a'; DROP TABLE x; --", "x" * 101, "a/b", ""):
        refused = api.http.post(path, params={"content_uid": uid}, json=body)
        assert assert_workflows_error(refused, 400, "VALIDATION_ERROR")["field"] == "content_uid"
    for uid in ("nothing", "x" * 1000, "a'; DROP TABLE x; --"):
        response = api.http.get(f"/workflows/content/{uid}/state")
        assert_workflows_error(response, 404, "CONTENT_NOT_FOUND")


def test_an_unknown_template_is_answered_with_those_that_there_are(api: Api) -> None:
    for response in (
        api.http.get("/workflows/templates/nonexistent"),
        api.http.post(
            "/workflows/apply/nonexistent?content_uid=c", json={"role_assignments": EXAMPLE}
        ),
    ):
        details = assert_workflows_error(
            response, 404, "TEMPLATE_NOT_FOUND", "Template 'nonexistent' not found"
        )
        assert details["template_id"] == "nonexistent"
        assert {"simple_review", "extended_review"} <= {*details["available_templates"]}


def test_a_second_template_is_refused_unless_it_is_forced_and_the_first_can_come_back(
    api: Api, author: Api
) -> None:
    uid = api.apply_template(**roles())
    author.move(uid, "submit")
    before = api.workflow(uid)
    path = f"/workflows/apply/policy_review?content_uid={uid}"
    details = assert_workflows_error(
        api.http.post(path, json={"role_assignments": EXAMPLE}),
        409,
        "WORKFLOW_EXISTS",
        "Content already has workflow template applied",
    )
    assert details == {
        "existing_template": "simple_review",
        "applied_at": before["template_metadata"]["applied_at"],
        "suggestion": "Use force=true to override",
    }
    forced = applied(api, uid, "policy_review", force=True)
    assert forced["application_result"]["backup_created"] is True
    assert forced["warnings"] == [
        "Replaced workflow template 'simple_review'",
        "Role 'subject_expert' is needed by a transition and has no assigned users",
    ]
    assert {"type": "role_removed", "role": "Author", "users": ["wf-author"]} in (
        forced["audit_log"]["changes"]
    )
    assert api.workflow(uid)["history"] == []
    removal = api.http.delete(f"/workflows/content/{uid}/template?restore_backup=true")
    removed = removal.json()
    assert removed == {
        "success": True,
        "content_uid": uid,
        "template_removed": "policy_review",
        "backup_restored": True,
        "removed_at": removed["removed_at"],
        "removed_by": forced["user_id"],
    }
    assert api.workflow(uid) == before
    again = api.http.delete(f"/workflows/content/{uid}/template").json()
    assert (again["template_removed"], again["backup_restored"]) == ("simple_review", False)
    for gone in (
        api.http.get(f"/workflows/content/{uid}/state"),
        api.http.delete(f"/workflows/content/{uid}/template"),
    ):
        assert assert_workflows_error(gone, 404, "CONTENT_NOT_FOUND") == {"content_uid": uid}
    history = api.get(f"/workflows/content/{uid}/history")["items"]
    assert [(entry["operation"], entry["template_id"]) for entry in history] == [
        ("remove_template", "simple_review"),
        ("remove_template", "policy_review"),
        ("apply_template", "policy_review"),
        ("execute_transition", "simple_review"),
        ("apply_template", "simple_review"),
    ]
    assert history[1]["metadata"]["restored_template"] == "simple_review"
    back = {"type": "role_added", "role": "Author", "users": ["wf-author"]}
    assert back in history[1]["changes"]


def test_of_two_who_apply_at_once_one_wins(api: Api) -> None:
    uid = unique("content")

    def apply(template_id: str) -> int:
        path = f"/workflows/apply/{template_id}?content_uid={uid}"
        return api.http.post(path, json={"role_assignments": EXAMPLE}).status_code

    with ThreadPoolExecutor(6) as managers:
        statuses = sorted(managers.map(apply, ["simple_review", "policy_review"] * 3))
    assert statuses == [200] + [409] * 5

"""Contents under workflows (seed: Workflow Management API; contract section 9)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.interfaces.api import PASSWORD, Api, Json, own_template, unique
from tests.interfaces.rest.problems import assert_workflows_error
from tests.serving import Served

EXAMPLE = {"author": ["user1", "user2"], "editor": ["editor1"], "administrator": ["admin1"]}
PRIVILEGED = "Template uses privileged role 'administrator' - ensure proper access control"


@contextmanager
def acting(served: Served, api: Api, *roles: str, name: str | None = None) -> Iterator[Api]:
    """Act as a user with these roles of Annals."""
    username = name or unique("person")
    if name is None or username not in {user["username"] for user in api.get("/auth/users")}:
        api.register(username=username, roles=list(roles) or ["user"])
    token = api.log_in(username, PASSWORD).json()["access_token"]
    with served.client(token) as client:
        yield Api(client)


@pytest.fixture(scope="module")
def author(served: Served, api: Api) -> Iterator[Api]:
    with acting(served, api, name="wf-author") as author:
        yield author


@pytest.fixture(scope="module")
def editor(served: Served, api: Api) -> Iterator[Api]:
    with acting(served, api, name="wf-editor") as editor:
        yield editor


def roles() -> dict[str, list[str]]:
    return {"author": ["wf-author"], "editor": ["wf-editor", "second-editor"]}


def applied(api: Api, uid: str, template_id: str = "simple_review", **body: object) -> Json:
    path = f"/workflows/apply/{template_id}?content_uid={uid}"
    return api.post(path, {"role_assignments": EXAMPLE} | body)


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


def test_a_content_goes_through_its_states(api: Api, author: Api, editor: Api) -> None:
    uid = api.apply_template(**roles())
    assert [each["id"] for each in author.workflow(uid)["available_transitions"]] == ["submit"]
    assert editor.workflow(uid)["available_transitions"] == []
    moved = author.move(uid, "submit", "Content is ready for review")
    assert moved == {
        "success": True,
        "content_uid": uid,
        "transition_id": "submit",
        "from_state": "draft",
        "to_state": "pending",
        "executed_at": moved["executed_at"],
        "executed_by": "wf-author",
        "comments": "Content is ready for review",
        "notifications_sent": ["second-editor", "wf-editor"],
    }
    shown = editor.workflow(uid)
    assert shown == {
        "content_uid": uid,
        "current_state": "pending",
        "workflow_id": shown["workflow_id"],
        "available_transitions": [
            {
                "id": "approve",
                "title": "Approve",
                "target_state": "published",
                "requires_comment": False,
            },
            {
                "id": "reject",
                "title": "Reject",
                "target_state": "draft",
                "requires_comment": True,
            },
        ],
        "template_metadata": {
            "template_id": "simple_review",
            "template_version": "1.0.0",
            "applied_by": shown["template_metadata"]["applied_by"],
            "applied_at": shown["template_metadata"]["applied_at"],
            "role_assignments": {
                "Author": ["wf-author"],
                "Editor": ["wf-editor", "second-editor"],
            },
        },
        "history": [
            {
                "timestamp": moved["executed_at"],
                "from_state": "draft",
                "to_state": "pending",
                "transition_id": "submit",
                "user_id": "wf-author",
                "comments": "Content is ready for review",
            }
        ],
    }
    editor.move(uid, "reject", "Not yet")
    body = {"content_uid": uid, "transition_id": "submit", "notify_users": False}
    assert author.post("/workflows/transition", body)["notifications_sent"] == []
    editor.move(uid, "approve")
    shown = author.workflow(uid)
    assert (shown["current_state"], shown["available_transitions"]) == ("published", [])
    made = [each["transition_id"] for each in shown["history"]]
    assert made == ["submit", "reject", "submit", "approve"]
    assert shown["history"][2]["comments"] is None


def test_what_may_not_be_done_is_answered_by_its_code_with_details(
    api: Api, author: Api, editor: Api
) -> None:
    uid = api.apply_template(**roles())

    def refused(who: Api, transition_id: str, status: int, code: str) -> Json:
        body = {"content_uid": uid, "transition_id": transition_id, "comments": " "}
        response = who.http.post("/workflows/transition", json=body)
        return assert_workflows_error(response, status, code)

    assert refused(author, "fly", 400, "TRANSITION_NOT_FOUND") == {
        "transition_id": "fly",
        "template_id": "simple_review",
        "transitions": ["submit", "approve", "reject", "publish"],
    }
    assert refused(author, "approve", 409, "INVALID_TRANSITION") == {
        "current_state": "draft",
        "available_transitions": ["submit"],
    }
    assert refused(editor, "submit", 403, "INSUFFICIENT_PERMISSIONS") == {
        "required_roles": ["author"],
        "user_roles": ["editor", "user"],
    }
    author.move(uid, "submit")
    assert refused(editor, "reject", 400, "COMMENT_REQUIRED")["field"] == "comments"
    trail = [
        (entry["user_id"], entry["metadata"]["error_code"]) for entry in refused_attempts(api, uid)
    ]
    assert trail == [
        ("wf-editor", "COMMENT_REQUIRED"),
        ("wf-editor", "INSUFFICIENT_PERMISSIONS"),
        ("wf-author", "INVALID_TRANSITION"),
        ("wf-author", "TRANSITION_NOT_FOUND"),
    ]
    assert len(api.events(f"content-{uid}")) == 6


def refused_attempts(api: Api, uid: str) -> list[Json]:
    events = api.get("/api/v1/events", types="WorkflowAttemptRefused", limit=1000)["events"]
    of_content = [each["data"] for each in events if each["data"]["content_uid"] == uid]
    return [
        {"user_id": data["user_id"], "metadata": {"error_code": data["error_code"]}}
        for data in reversed(of_content)
    ]


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


def test_of_two_who_act_at_once_one_wins(api: Api) -> None:
    uid = api.apply_template(**roles())
    api.move(uid, "submit")

    def act(transition_id: str) -> int:
        body = {"content_uid": uid, "transition_id": transition_id, "comments": "So be it"}
        return api.http.post("/workflows/transition", json=body).status_code

    with ThreadPoolExecutor(8) as reviewers:
        statuses = sorted(reviewers.map(act, ["approve", "reject"] * 4))
    assert statuses == [200] + [409] * 7
    assert len(api.workflow(uid)["history"]) == 2


def test_of_two_who_apply_at_once_one_wins(api: Api) -> None:
    uid = unique("content")

    def apply(template_id: str) -> int:
        path = f"/workflows/apply/{template_id}?content_uid={uid}"
        return api.http.post(path, json={"role_assignments": EXAMPLE}).status_code

    with ThreadPoolExecutor(6) as managers:
        statuses = sorted(managers.map(apply, ["simple_review", "policy_review"] * 3))
    assert statuses == [200] + [409] * 5


def test_a_transition_that_needs_more_people_waits_for_them(served: Served, api: Api) -> None:
    first, second = unique("peer"), unique("peer")
    uid = api.apply_template(
        "extended_review", author=["ann"], peer_reviewer=[first, second], editor=["ed"]
    )
    api.move(uid, "submit_for_peer_review")
    with acting(served, api, name=first) as peer:
        waiting = peer.move(uid, "peer_review_to_editorial", "Sound work")
        assert waiting["approvals"] == {"given": 1, "required": 2, "missing_roles": []}
        assert (waiting["from_state"], waiting["to_state"]) == ("peer_review", "peer_review")
        assert waiting["notifications_sent"] == [second]
        available = [each["id"] for each in peer.workflow(uid)["available_transitions"]]
        assert available == ["peer_review_reject"]
    with acting(served, api, name=second) as peer:
        moved = peer.move(uid, "peer_review_to_editorial", "I agree")
    assert "approvals" not in moved
    assert moved["to_state"] == "editorial_review"


def test_roles_can_be_changed(api: Api, author: Api) -> None:
    uid = api.apply_template(**roles())
    body = {"role_assignments": {"author": ["bob"], "editor": ["wf-editor"]}}
    response = api.http.put(f"/workflows/content/{uid}/roles", json=body)
    assert response.status_code == 200
    changed = response.json()
    assert changed["role_assignments"] == {"Author": ["bob"], "Editor": ["wf-editor"]}
    assert author.workflow(uid)["available_transitions"] == []
    [entry, _] = api.get(f"/workflows/content/{uid}/history")["items"]
    assert (entry["operation"], entry["user_id"]) == ("modify_roles", changed["changed_by"])
    assert entry["changes"] == [
        {"type": "role_added", "role": "Author", "users": ["bob"]},
        {"type": "role_removed", "role": "Author", "users": ["wf-author"]},
        {"type": "role_removed", "role": "Editor", "users": ["second-editor"]},
    ]


def test_the_worklist_shows_contents_by_state_template_and_who_is_assigned(
    served: Served, api: Api
) -> None:
    somebody = unique("somebody")
    first = api.apply_template(author=[somebody])
    second = api.apply_template("course_content", author=["ann"], editor=[somebody])
    grouped = api.apply_template(author=["group:subject_expert"])
    api.move(first, "submit")
    api.apply_template(author=["nobody-else"])

    def found(**parameters: object) -> list[str]:
        items = api.get("/workflows/content", **parameters)["items"]
        return [item["content_uid"] for item in items]

    assert found(assigned_to=somebody) == [first, second]
    assert found(assigned_to=somebody, state="pending") == [first]
    assert found(assigned_to=somebody, template="course_content") == [second]
    with acting(served, api, "subject_expert", name=somebody):
        assert found(assigned_to=somebody) == [first, grouped, second]
    page = api.get("/workflows/content", assigned_to=somebody, size=2)
    assert (page["total"], len(page["items"])) == (3, 2)
    assert page["items"][0]["role_assignments"] == {"Author": [somebody]}


def test_templates_are_listed_by_category_and_complexity(api: Api) -> None:
    listed = api.get("/workflows/templates?categories=educational&complexity=simple")
    assert listed["filtered_count"] == 1
    assert listed["total_count"] >= 5
    assert listed["categories"] == ["educational", "corporate", "research"]
    assert listed["templates"] == [
        {
            "id": "simple_review",
            "name": "Simple Review Workflow",
            "description": "Basic draft → review → published workflow for educational content",
            "category": "educational",
            "states": ["draft", "pending", "published"],
            "transitions": ["submit", "approve", "reject", "publish"],
            "complexity": "simple",
        }
    ]
    both = api.get("/workflows/templates?categories=educational&categories=research&limit=100")
    assert {each["category"] for each in both["templates"]} == {"educational", "research"}
    refused = api.http.get("/workflows/templates?categories=private")
    assert_workflows_error(refused, 400, "VALIDATION_ERROR", "categories")


def test_pages_of_templates_go_on_from_the_built_in_to_the_custom_ones(api: Api) -> None:
    api.post("/workflows/templates", own_template())
    everything = api.get("/workflows/templates", limit=100)
    ids = [template["id"] for template in everything["templates"]]
    assert len(ids) == everything["total_count"] == everything["filtered_count"]
    paged = [
        template["id"]
        for offset in range(0, len(ids) + 3, 3)
        for template in api.get("/workflows/templates", limit=3, offset=offset)["templates"]
    ]
    assert paged == ids


def test_a_template_is_shown_as_the_seed_shows_it(api: Api) -> None:
    template = api.get("/workflows/templates/simple_review")["template"]
    assert template["states"][0] == {
        "id": "draft",
        "name": "Draft",
        "description": "Content is being created or edited",
        "permissions": [
            {"role": "author", "actions": ["view", "edit", "submit"]},
            {"role": "editor", "actions": ["view", "edit", "delete"]},
        ],
        "is_initial": True,
        "is_final": False,
    }
    assert template["transitions"][0] == {
        "id": "submit",
        "name": "Submit for Review",
        "description": "Submit content for peer review",
        "from_state": "draft",
        "to_state": "pending",
        "required_role": "author",
        "conditions": [],
    }
    assert template["metadata"] == {
        "created_by": "annals",
        "created_at": "2026-11-22T00:00:00Z",
        "version": "1.0.0",
    }


def test_a_custom_template_is_defined_revised_and_retired(api: Api) -> None:
    own = own_template()
    defined = api.http.post("/workflows/templates", json=own)
    assert defined.status_code == 201
    assert api.get(f"/workflows/templates/{own['id']}") == defined.json()
    uid = api.apply_template(own["id"])
    own["states"][1]["name"] = "Finished"
    own["transitions"][0]["id"] = "end"
    lower = api.http.post(f"/workflows/templates/{own['id']}/versions", json=own)
    details = assert_workflows_error(lower, 400, "VALIDATION_ERROR")
    assert details["field"] == "metadata.version"
    revised = own | {"metadata": {"version": "1.0.1"}}
    answer = api.post(f"/workflows/templates/{own['id']}/versions", revised)
    assert answer["template"]["metadata"]["version"] == "1.0.1"
    assert api.get(f"/workflows/templates/{own['id']}") == answer
    assert api.move(uid, "finish")["to_state"] == "done"
    retired = api.http.delete(f"/workflows/templates/{own['id']}")
    assert retired.status_code == 200
    path = f"/workflows/apply/{own['id']}?content_uid={unique('content')}"
    for gone in (
        api.http.get(f"/workflows/templates/{own['id']}"),
        api.http.delete(f"/workflows/templates/{own['id']}"),
        api.http.post(path, json={"role_assignments": EXAMPLE}),
    ):
        assert_workflows_error(gone, 404, "TEMPLATE_NOT_FOUND")
    taken = api.http.post("/workflows/templates", json=own)
    assert_workflows_error(taken, 409, "TEMPLATE_EXISTS")
    assert api.workflow(uid)["current_state"] == "done"


def test_all_that_is_wrong_with_a_template_is_answered_at_once(api: Api) -> None:
    wrong = own_template(id="?", name="", category="none", metadata={"version": "1"})
    wrong["transitions"][0]["conditions"] = ["when_i_like"]
    response = api.http.post("/workflows/templates", json=wrong)
    details = assert_workflows_error(response, 400, "VALIDATION_ERROR", "Template validation fail")
    assert details["field"] == "template"
    assert len(details["validation_errors"]) == 5


def test_a_built_in_template_stays_as_it_is(api: Api) -> None:
    own = own_template(id="simple_review")
    response = api.http.post("/workflows/templates", json=own)
    assert_workflows_error(response, 409, "TEMPLATE_EXISTS")
    response = api.http.delete("/workflows/templates/simple_review")
    assert_workflows_error(response, 409, "TEMPLATE_BUILT_IN")


def test_health_tells_of_templates_plone_and_the_audit_log(api: Api) -> None:
    health = api.get("/workflows/health")
    total = api.get("/workflows/templates")["total_count"]
    assert health["status"] == "healthy"
    assert health["checks"] == {
        "templates_loadable": {
            "status": "ok",
            "details": f"All {total} templates loaded successfully",
        },
        "plone_connection": {"status": "disabled", "details": "PLONE_URL is not set"},
        "audit_logging": {"status": "ok", "details": "Audit log writable"},
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/workflows/templates"),
        ("GET", "/workflows/content/x/state"),
        ("POST", "/workflows/transition"),
        ("GET", "/workflows/health"),
    ],
)
def test_without_credentials_nothing_is_told(stranger: Api, method: str, path: str) -> None:
    response = stranger.http.request(method, path)
    assert_workflows_error(response, 401, "AUTHENTICATION_REQUIRED", "Authentication required")


def test_the_audit_tells_what_a_content_was(api: Api) -> None:
    uid = api.apply_template(**roles())
    api.move(uid, "submit")
    stream = f"/api/v1/audit/streams/content-{uid}"
    now = api.get(f"{stream}/state")["state"]
    assert now["current"]["state"] == "pending"
    before = api.get(f"{stream}/state", version=len(api.events(f"content-{uid}")) - 1)
    assert before["state"]["current"]["state"] == "draft"

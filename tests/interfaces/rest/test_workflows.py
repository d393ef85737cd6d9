"""Contents under workflows (seed: Workflow Management API; contract section 9)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.interfaces.api import Api, Json, unique
from tests.interfaces.rest.problems import assert_workflows_error
from tests.interfaces.rest.workflow_people import acting, roles
from tests.serving import Served


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

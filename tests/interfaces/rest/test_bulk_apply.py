"""Many contents are put under a template with one request, each by itself (issue: bulk apply)."""

import pytest

from tests.interfaces.api import Api, Json, unique
from tests.interfaces.rest.problems import assert_workflows_error
from tests.interfaces.rest.sent import head
from tests.serving import Served

ROLES = {"author": ["ann"], "editor": ["ed"]}


def contents(count: int) -> list[Json]:
    return [{"content_uid": unique("bulk")} for _ in range(count)]


def body(assignments: list[Json], **fields: object) -> Json:
    common = {"template_id": "simple_review", "role_assignments": ROLES}
    return {**common, "content_assignments": assignments, **fields}


def test_each_content_has_a_result_and_one_that_is_refused_keeps_no_other_from_it(
    api: Api,
) -> None:
    taken = api.apply_template()
    assignments = [
        *contents(2),
        {"content_uid": taken},
        {"content_uid": unique("bulk"), "role_assignments": {"author": []}},
        {"content_uid": "no uid"},
        {"content_uid": unique("bulk"), "role_assignments": {"author": ["own"]}},
    ]
    answer = api.post("/workflows/bulk-apply", body(assignments))
    results = answer.pop("results")
    assert answer == {
        "template_id": "simple_review",
        "total_items": 6,
        "successful_count": 3,
        "failed_count": 3,
        "success_rate": 50.0,
    }
    assert [each["content_uid"] for each in results] == [a["content_uid"] for a in assignments]
    assert [each["error_code"] for each in results] == [
        None,
        None,
        "WORKFLOW_EXISTS",
        "VALIDATION_ERROR",
        "VALIDATION_ERROR",
        None,
    ]
    assert results[2]["details"]["existing_template"] == "simple_review"
    assert results[3]["error"] == "Invalid role assignments: Role 'author' has no assigned users"
    first, last = results[0], results[-1]
    state = api.workflow(first["content_uid"])
    assert first["application_result"]["workflow_created"] == state["workflow_id"]
    assert first["application_result"]["permissions_applied"] == 15
    assigned = api.workflow(last["content_uid"])["template_metadata"]["role_assignments"]
    assert assigned == {"Author": ["own"]}


def test_sent_again_with_its_key_nothing_is_applied_twice_and_what_failed_is_tried_again(
    api: Api, served: Served
) -> None:
    key = {"Idempotency-Key": unique("key")}
    taken = api.apply_template()
    request = body([*contents(20), {"content_uid": taken}])
    first = api.http.post("/workflows/bulk-apply", json=request, headers=key)
    assert first.json()["successful_count"] == 20
    recorded = head(served)

    api.http.delete(f"/workflows/content/{taken}/template").raise_for_status()
    again = api.http.post("/workflows/bulk-apply", json=request, headers=key)
    assert again.json()["results"][:20] == first.json()["results"][:20]
    assert again.json()["successful_count"] == 21
    assert "Idempotent-Replayed" not in again.headers

    recorded = head(served)
    third = api.http.post("/workflows/bulk-apply", json=request, headers=key)
    assert third.headers["Idempotent-Replayed"] == "true"
    assert third.content == again.content
    assert third.headers["X-Event-Position"] == again.headers["X-Event-Position"]
    assert head(served) == recorded


def test_a_key_with_another_body_is_refused(api: Api, served: Served) -> None:
    key = {"Idempotency-Key": unique("key")}
    api.http.post("/workflows/bulk-apply", json=body(contents(2)), headers=key)
    recorded = head(served)
    other = api.http.post("/workflows/bulk-apply", json=body(contents(2)), headers=key)
    assert_workflows_error(other, 422, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key")
    assert head(served) == recorded


@pytest.mark.parametrize(
    ("request_body", "field"),
    [
        ({"content_assignments": [{"content_uid": "a"}]}, "template_id"),
        (body([]), "content_assignments"),
        (
            body([{"content_uid": f"page-{number}"} for number in range(1001)]),
            "content_assignments",
        ),
        (body([{"uid": "a"}]), "content_assignments[0].content_uid"),
        (body([{"content_uid": "a"}, {"content_uid": "a"}]), "content_assignments[1].content_uid"),
        (
            body([{"content_uid": "a"}], role_assignments=None),
            "content_assignments[0].role_assignments",
        ),
        (body([{"content_uid": "a"}], force="yes"), "force"),
    ],
)
def test_a_body_that_cannot_be_is_refused_by_the_name_of_its_field(
    api: Api, served: Served, request_body: Json, field: str
) -> None:
    recorded = head(served)
    response = api.http.post("/workflows/bulk-apply", json=request_body)
    details = assert_workflows_error(response, 400, "VALIDATION_ERROR")
    assert details["field"].replace("[...]", "[0]") == field
    assert head(served) == recorded


def test_what_all_have_in_common_is_refused_once(api: Api, user_api: Api) -> None:
    assignments = contents(3)
    response = user_api.http.post("/workflows/bulk-apply", json=body(assignments))
    assert_workflows_error(response, 403, "INSUFFICIENT_PERMISSIONS")
    unknown = unique("template")
    response = api.http.post("/workflows/bulk-apply", json=body(assignments, template_id=unknown))
    assert_workflows_error(response, 404, "TEMPLATE_NOT_FOUND", unknown)
    refused = api.get("/workflows/audit", operation="bulk_apply", template_id=unknown)
    assert refused["total"] == 1

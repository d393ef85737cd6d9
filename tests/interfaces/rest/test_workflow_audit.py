"""The audit trail of workflows, searched and taken out as a file (issue: compliance export)."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.interfaces.api import PASSWORD, Api, Json, unique
from tests.interfaces.rest.problems import assert_workflows_error
from tests.serving import Served

FORMULA = '=HYPERLINK("https://evil.example.org","click")'


@pytest.fixture(scope="module")
def name(api: Api) -> str:
    username: str = api.register(username=unique("audit-author"))["username"]
    return username


@pytest.fixture(scope="module")
def author(served: Served, api: Api, name: str) -> Iterator[Api]:
    """Act as an author, who manages nothing."""
    token = api.log_in(name, PASSWORD).json()["access_token"]
    with served.client(token) as client:
        yield Api(client)


@pytest.fixture(scope="module")
def uid(api: Api, author: Api, name: str) -> str:
    """A content that was applied, submitted, and not approved by its author."""
    uid = api.apply_template(author=[name], editor=["ed"])
    author.move(uid, "submit", FORMULA)
    refused = author.http.post(
        "/workflows/transition", json={"content_uid": uid, "transition_id": "approve"}
    )
    assert refused.status_code == 403
    return uid


def entries(api: Api, **wanted: object) -> list[Json]:
    found: list[Json] = api.get("/workflows/audit", **wanted)["items"]
    return found


def exported(api: Api, **wanted: object) -> str:
    response = api.http.get("/workflows/audit/export", params=dict[str, Any](wanted))
    assert response.status_code == 200, response.text
    return response.text


def test_the_trail_is_newest_first_and_has_what_was_refused(api: Api, uid: str, name: str) -> None:
    refused, submitted, applied = entries(api, content_uid=uid)
    assert refused == {
        "timestamp": refused["timestamp"],
        "operation": "execute_transition",
        "user_id": name,
        "content_uid": uid,
        "template_id": refused["template_id"],
        "success": False,
        "changes": [],
        "metadata": {"transition_id": "approve", "error_code": "INSUFFICIENT_PERMISSIONS"},
        "error": "Insufficient permissions for transition 'approve'",
    }
    assert (submitted["operation"], submitted["success"]) == ("execute_transition", True)
    assert submitted["metadata"]["comments"] == FORMULA
    assert applied["changes"] == [
        {"type": "role_added", "role": "Author", "users": [name]},
        {"type": "role_added", "role": "Editor", "users": ["ed"]},
    ]


@pytest.mark.parametrize(
    ("wanted", "operations"),
    [
        ({"success": False}, ["execute_transition"]),
        ({"success": True}, ["execute_transition", "apply_template"]),
        ({"operation": "apply_template"}, ["apply_template"]),
        (
            {"template_id": "simple_review", "success": True},
            ["execute_transition", "apply_template"],
        ),
        ({"template_id": "policy_review"}, []),
        ({"user_id": "{name}"}, ["execute_transition"] * 2),
        ({"user_id": "somebody-else"}, []),
        ({"from": "{today}", "to": "{today}"}, ["execute_transition"] * 2 + ["apply_template"]),
        ({"to": "2025-12-31"}, []),
        ({"from": "2999-01-01T00:00:00+02:00"}, []),
    ],
)
def test_the_trail_is_searched(
    api: Api, uid: str, name: str, wanted: Mapping[str, object], operations: list[str]
) -> None:
    today = datetime.now(UTC).date()
    filled = {
        key: value.format(name=name, today=today) if isinstance(value, str) else value
        for key, value in wanted.items()
    }
    found = entries(api, content_uid=uid, **filled)
    assert [entry["operation"] for entry in found] == operations


def test_the_trail_comes_in_pages(api: Api, uid: str) -> None:
    response = api.http.get("/workflows/audit", params={"content_uid": uid, "page": 2, "size": 2})
    assert response.headers["X-Total-Count"] == "3"
    assert [entry["operation"] for entry in response.json()["items"]] == ["apply_template"]
    assert f"content_uid={uid}&page=1&size=2" in response.headers["Link"]


def test_the_export_is_the_trail_line_by_line(api: Api, uid: str) -> None:
    lines = exported(api, content_uid=uid).splitlines()
    assert [json.loads(line) for line in lines] == entries(api, content_uid=uid)


def test_the_export_for_spreadsheets_holds_no_formula(api: Api, uid: str, name: str) -> None:
    odd = unique("=cmd|audit")
    api.post(
        f"/workflows/apply/simple_review?content_uid={uid}",
        {"role_assignments": {"author": [odd]}, "force": True},
    )
    text = exported(api, content_uid=uid, format="csv")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == list(entries(api, content_uid=uid)[0])
    assert [row[header.index("user_id")] for row in rows][1:3] == [name, name]
    changes = [json.loads(row[header.index("changes")]) for row in rows]
    assert {"type": "role_added", "role": "Author", "users": [odd]} in changes[0]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_the_export_goes_beyond_a_page_of_the_database(api: Api) -> None:
    lists = [{"content_uid": unique("many")} for _ in range(110)]
    body = {"template_id": "policy_review", "content_assignments": lists}
    api.post("/workflows/bulk-apply", body | {"role_assignments": {"author": ["ann"]}})
    lines = exported(api, template_id="policy_review", operation="apply_template").splitlines()
    exported_uids = Counter(json.loads(line)["content_uid"] for line in lines)
    assert [exported_uids[each["content_uid"]] for each in lists] == [1] * 110


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("from", "yesterday"),
        ("to", "1"),
        ("operation", "everything"),
        ("success", "maybe"),
        ("size", "0"),
        ("content_uid", "u" * 101),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_its_name(api: Api, field: str, value: str) -> None:
    response = api.http.get("/workflows/audit", params={field: value})
    assert assert_workflows_error(response, 400, "VALIDATION_ERROR")["field"] == field


def test_an_unknown_format_is_refused(api: Api) -> None:
    response = api.http.get("/workflows/audit/export", params={"format": "xlsx"})
    assert assert_workflows_error(response, 400, "VALIDATION_ERROR")["field"] == "format"


@pytest.mark.parametrize("path", ["/workflows/audit", "/workflows/audit/export"])
def test_the_trail_is_for_who_manages_workflows(author: Api, path: str) -> None:
    details = assert_workflows_error(author.http.get(path), 403, "INSUFFICIENT_PERMISSIONS")
    assert details["required_roles"] == ["workflow_manager", "administrator"]

"""What every error response must look like, by the family that owns the path."""

import re
from datetime import datetime
from typing import Any

import httpx

# Nobody outside needs to know what Annals is made of.
INTERNALS = re.compile(
    r"traceback|psycopg|msgspec|litestar|site-packages|\.py\b|\bselect\b|\binsert\b", re.IGNORECASE
)

# What the families own of what is served.
WORKFLOWS = "/workflows"
STEWARDSHIP = "/stewardship"
FOOTBALL = (
    "/auth",
    "/api/v1/upload",
    "/api/v1/process/",
    "/api/v1/games",
    "/api/v1/reports",
    "/api/v1/status",
    "/api/v1/metrics",
    "/api/v1/webhooks",
    "/api/v1/config",
    "/api/v1/teams",
)


def assert_dashboard_error(
    response: httpx.Response, status: int, error_type: str, *mentions: str
) -> None:
    """Check an error of the dashboard family, and of any path that no family owns."""
    body = _checked(response, status)
    assert body.keys() == {"detail", "status_code", "error_type", "timestamp"}
    assert body["status_code"] == status
    assert body["error_type"] == error_type
    _assert_moment(body["timestamp"])
    for mention in mentions:
        assert mention in str(body["detail"])


def assert_football_error(response: httpx.Response, status: int, *mentions: str) -> None:
    """Check an error of the football family that is about no field."""
    error = _football(response, status)
    assert isinstance(error["details"], str)
    for mention in mentions:
        assert mention in error["details"]


def assert_football_fields(response: httpx.Response, *fields: str) -> None:
    """Check a validation error of the football family: a list of messages for each field."""
    error = _football(response, 422)
    details = error["details"]
    assert isinstance(details, dict)
    assert details.keys() == set(fields)
    assert all(isinstance(message, str) for said in details.values() for message in said)


def assert_workflows_error(
    response: httpx.Response, status: int, code: str, *mentions: str
) -> dict[str, Any]:
    """Check an error of the workflows family; give its details."""
    body = _checked(response, status)
    assert body.keys() == {"error", "error_code", "details", "timestamp", "request_id"}
    assert body["error_code"] == code
    assert body["request_id"] == response.headers["x-request-id"]
    _assert_moment(body["timestamp"])
    for mention in mentions:
        assert mention in str(body["error"])
    details = body["details"]
    assert isinstance(details, dict)
    return details


def assert_stewardship_error(response: httpx.Response, status: int, *mentions: str) -> str:
    """Check an error of the stewardship family; give what it says."""
    body = _checked(response, status)
    assert body.keys() == {"error"}
    error = body["error"]
    assert isinstance(error, str)
    for mention in mentions:
        assert mention in error
    return error


def assert_invalid(response: httpx.Response, field: str) -> None:
    """Check a validation error of the dashboard family: its detail begins with the field."""
    assert_dashboard_error(response, 422, "validation_error")
    assert response.json()["detail"].startswith(f"{field}: "), response.text


def _football(response: httpx.Response, status: int) -> dict[str, object]:
    body = _checked(response, status)
    assert body.keys() == {"error"}
    error = body["error"]
    assert isinstance(error, dict)
    assert error.keys() == {"code", "message", "details", "timestamp"}
    assert error["code"] == status
    _assert_moment(error["timestamp"])
    return error


def _checked(response: httpx.Response, status: int) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    assert not INTERNALS.search(response.text), response.text
    body = response.json()
    assert isinstance(body, dict)
    return body


def _assert_moment(value: object) -> None:
    assert isinstance(value, str)
    assert value.endswith("Z")
    datetime.fromisoformat(value)

"""API keys (seed: API Key Management, Authentication Endpoints, Usage Analytics)."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.interfaces.api import Api, Json, unique
from tests.interfaces.rest.problems import assert_dashboard_error
from tests.serving import Served

KEYS = "/api/v1/api-keys/"
INVALID = "Invalid or expired API key"


@pytest.fixture
def key(api: Api) -> Json:
    return api.create_key(role="user", description="for tests")


@pytest.fixture
def own(served: Served, key: Json) -> Iterator[Api]:
    """The API, as the new key reaches it."""
    with served.client(key["key"]) as client:
        yield Api(client)


def test_a_new_key_is_shown_whole_and_only_once(api: Api) -> None:
    body = {
        "name": "Production Application Key",
        "description": "API key for production",
        "role": "user",
        "expires_at": "2099-12-31T23:59:59Z",
    }
    response = api.http.post(KEYS, json=body)
    assert response.status_code == 201
    created = response.json()
    assert created | body == created
    assert created["key"].startswith("pd_")
    assert len(created["key"]) >= 35
    assert created["key_prefix"] == created["key"][:8]
    assert created["is_active"] is True
    shown = [api.http.get(KEYS), api.http.get(f"{KEYS}{created['id']}")]
    for response in shown:
        assert response.status_code == 200
        assert created["key"] not in response.text
        assert '"digest"' not in response.text


def test_a_key_is_for_users_unless_said_otherwise_and_never_expires(api: Api) -> None:
    created = api.post(KEYS, {"name": unique("plain")})
    assert (created["role"], created["expires_at"]) == ("user", None)


def test_keys_are_listed_newest_first(api: Api, key: Json) -> None:
    newest = api.get(KEYS)["items"][0]
    assert newest["id"] == key["id"]
    assert newest.keys() == {
        "id",
        "name",
        "description",
        "role",
        "key_prefix",
        "created_at",
        "expires_at",
        "is_active",
        "revoked_at",
    }


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_a_key_is_taken_in_either_header(stranger: Api, key: Json, header: str) -> None:
    value = key["key"] if header == "X-API-Key" else f"Bearer {key['key']}"
    assert stranger.http.get("/api/v1/processes/", headers={header: value}).status_code == 200


def test_a_key_verifies_itself(own: Api, key: Json) -> None:
    verified = own.get("/api/v1/auth/verify")
    assert (verified["status"], verified["message"]) == ("valid", "API key is valid")
    info = verified["key_info"]
    assert info.keys() == {"id", "name", "role", "usage_count", "last_used_at", "is_active"}
    assert (info["id"], info["name"], info["role"]) == (key["id"], key["name"], "user")
    assert info["is_active"] is True


def test_a_key_shows_itself_in_full(own: Api, key: Json) -> None:
    shown = own.get("/api/v1/auth/me")
    assert (shown["id"], shown["description"]) == (key["id"], "for tests")
    assert shown["key_prefix"] == key["key_prefix"]
    assert "key" not in shown


def test_every_use_of_a_key_is_counted(own: Api, key: Json) -> None:
    for _ in range(3):
        own.get("/api/v1/processes/")
    own.get("/api/v1/runs/")
    stats = own.get("/api/v1/auth/usage-stats")
    assert stats.keys() == {
        "key_id",
        "usage_count",
        "last_used_at",
        "daily_usage",
        "weekly_usage",
        "top_endpoints",
    }
    assert stats["key_id"] == key["id"]
    assert stats["usage_count"] == stats["daily_usage"] == stats["weekly_usage"] == 5
    assert stats["last_used_at"].endswith("Z")
    assert stats["top_endpoints"][0] == {"endpoint": "/api/v1/processes", "count": 3}
    assert own.get("/api/v1/auth/usage-stats")["usage_count"] == 6


def test_endpoints_are_counted_without_the_ids_in_them(own: Api) -> None:
    own.http.get("/api/v1/runs/987654321")
    endpoints = [used["endpoint"] for used in own.get("/api/v1/auth/usage-stats")["top_endpoints"]]
    assert "/api/v1/runs/{run_id}" in endpoints


def test_a_revoked_key_is_refused_at_once_and_for_good(api: Api, own: Api, key: Json) -> None:
    own.get("/api/v1/auth/verify")
    revoked = api.http.delete(f"{KEYS}{key['id']}")
    assert revoked.status_code == 200
    assert revoked.json()["is_active"] is False
    assert revoked.json()["revoked_at"].endswith("Z")
    assert_dashboard_error(
        own.http.get("/api/v1/auth/verify"), 401, "authentication_error", INVALID
    )
    assert api.get(f"{KEYS}{key['id']}") == revoked.json()
    toggled = api.http.patch(f"{KEYS}{key['id']}/toggle")
    assert_dashboard_error(toggled, 400, "business_rule_violation", "revoked")


def test_revoking_twice_is_revoking_once(api: Api, key: Json) -> None:
    once = api.http.delete(f"{KEYS}{key['id']}")
    assert api.http.delete(f"{KEYS}{key['id']}").json() == once.json()
    types = [event["type"] for event in api.events(f"api_key-{key['id']}")]
    assert types == ["ApiKeyCreated", "ApiKeyRevoked"]


def test_a_key_is_switched_off_and_on_again(api: Api, own: Api, key: Json) -> None:
    toggle = f"{KEYS}{key['id']}/toggle"
    assert api.patch(toggle, {})["is_active"] is False
    assert_dashboard_error(own.http.get("/api/v1/auth/me"), 401, "authentication_error", INVALID)
    assert api.patch(toggle, {})["is_active"] is True
    assert own.get("/api/v1/auth/me")["is_active"] is True


def test_a_key_holds_until_it_expires(served: Served, api: Api) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=2)
    key = api.create_key(expires_at=expires_at.isoformat())["key"]
    with served.client(key) as client:
        while True:
            before = datetime.now(UTC)
            response = client.get("/api/v1/auth/verify")
            if datetime.now(UTC) < expires_at:
                assert response.status_code == 200
                time.sleep(0.02)
            elif before >= expires_at:
                assert_dashboard_error(response, 401, "authentication_error", INVALID)
                break


def test_the_same_keys_are_under_admin(api: Api, key: Json) -> None:
    path = "/api/v1/admin/api-keys/"
    assert api.get(f"{path}{key['id']}") == api.get(f"{KEYS}{key['id']}")
    assert api.get(path)["items"][0]["id"] == key["id"]
    assert api.patch(f"{path}{key['id']}/toggle", {})["is_active"] is False
    assert api.http.delete(f"{path}{key['id']}").json()["revoked_at"] is not None
    assert api.post(path, {"name": unique("as admin")})["key"].startswith("pd_")


def test_an_admins_key_may_hand_out_keys_and_a_users_may_not(
    api: Api, served: Served, user_api: Api
) -> None:
    with served.client(api.create_key(role="admin")["key"]) as admin:
        assert admin.get(KEYS).status_code == 200
    for method, path in (
        ("GET", KEYS),
        ("POST", KEYS),
        ("GET", f"{KEYS}1"),
        ("DELETE", f"{KEYS}1"),
        ("PATCH", f"{KEYS}1/toggle"),
    ):
        response = user_api.http.request(method, path, json={"name": "mine"})
        assert_dashboard_error(response, 403, "permission_denied", "admin")


def test_handing_out_and_taking_back_is_in_the_audit_trail(api: Api, key: Json) -> None:
    api.http.delete(f"{KEYS}{key['id']}")
    created, revoked = api.events(f"api_key-{key['id']}")
    assert created["data"]["digest"] == "[REDACTED]"
    assert created["data"]["key_prefix"] == key["key_prefix"]
    assert (created["actor"], revoked["actor"]) == ("api_key:1", "api_key:1")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_an_unknown_key_is_not_found(api: Api, method: str) -> None:
    path = f"{KEYS}987654321" + ("/toggle" if method == "PATCH" else "")
    assert_dashboard_error(api.http.request(method, path), 404, "not_found", "987654321")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "line\nbreak"}, "name"),
        ({"role": "viewer"}, "role"),
        ({"role": "root"}, "role"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-01:00"}, "expires_at"),
        ({"expires_at": 4102444800}, "expires_at"),
        ({"description": "d" * 1001}, "description"),
    ],
)
def test_a_key_that_cannot_be_is_refused(api: Api, wrong: Json, field: str) -> None:
    response = api.http.post(KEYS, json={"name": "key"} | wrong)
    assert_dashboard_error(response, 422, "validation_error", field)

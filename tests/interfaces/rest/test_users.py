"""Users, logging in, and tokens (seed football: Authentication; contract section 1)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.interfaces.api import PASSWORD, Api, Json, unique
from tests.interfaces.rest.problems import (
    assert_dashboard_error,
    assert_football_error,
    assert_football_fields,
)
from tests.serving import ADMIN_PASSWORD, NO_AUTHORITIES, Served

WRONG = "Incorrect username or password"


@pytest.fixture
def user(api: Api) -> Json:
    return api.register(email="someone@example.org", roles=["user", "author"])


@pytest.fixture
def token(stranger: Api, user: Json) -> str:
    issued: str = stranger.log_in(user["username"], PASSWORD).json()["access_token"]
    return issued


@pytest.fixture
def own(served: Served, token: str) -> Iterator[Api]:
    """The API, as the user's token reaches it."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(
        base_url=served.url, headers=headers, timeout=30, verify=NO_AUTHORITIES
    ) as client:
        yield Api(client)


def admin_token(stranger: Api) -> dict[str, str]:
    issued = stranger.log_in("admin", ADMIN_PASSWORD).json()["access_token"]
    return {"Authorization": f"Bearer {issued}"}


def test_logging_in_gives_a_token_for_a_day(stranger: Api, user: Json) -> None:
    response = stranger.log_in(user["username"], PASSWORD)
    assert response.status_code == 200
    issued = response.json()
    assert issued.keys() == {"access_token", "token_type", "expires_in"}
    assert (issued["token_type"], issued["expires_in"]) == ("bearer", 86400)


def test_a_token_says_whose_it_is_in_which_roles_and_how_long(token: str, user: Json) -> None:
    header, claims = (decoded(part) for part in token.split(".")[:2])
    assert header["alg"] == "HS256"
    assert claims["sub"] == user["username"]
    assert claims["roles"] == ["author", "user"]
    assert claims["exp"] - claims["iat"] == 86400
    assert claims["jti"]


def test_each_token_has_an_id_of_its_own(stranger: Api, user: Json) -> None:
    tokens = [stranger.log_in(user["username"], PASSWORD).json()["access_token"] for _ in range(2)]
    assert decoded(tokens[0].split(".")[1])["jti"] != decoded(tokens[1].split(".")[1])["jti"]


def test_users_are_shown_to_themselves(own: Api, user: Json) -> None:
    assert own.get("/auth/me") == user
    assert user == {
        "username": user["username"],
        "email": "someone@example.org",
        "roles": ["author", "user"],
        "is_active": True,
    }


def test_a_key_goes_by_its_name(api: Api) -> None:
    shown = api.get("/auth/me")
    assert (shown["username"], shown["roles"]) == ("Initial Admin Key", ["admin"])


def test_a_token_works_on_every_route_that_a_user_may_use(own: Api) -> None:
    run = own.start_run(own.create_process("only"))
    own.report(run["steps"][0]["id"], status="success")
    for path in (
        "/api/v1/processes/",
        f"/api/v1/processes/{run['process_id']}",
        f"/api/v1/steps/process/{run['process_id']}",
        "/api/v1/runs/",
        f"/api/v1/runs/{run['id']}",
        f"/api/v1/step-runs/run/{run['id']}",
        f"/api/v1/step-runs/{run['steps'][0]['id']}",
        f"/api/v1/dashboard/process/{run['process_id']}",
    ):
        own.get(path)


def test_an_admins_token_works_on_every_route_for_admins(stranger: Api, api: Api) -> None:
    headers = admin_token(stranger)
    run = api.start_run(api.create_process())
    for path in (
        "/auth/users",
        "/api/v1/api-keys/",
        "/api/v1/admin/api-keys/1",
        "/api/v1/audit/history",
        f"/api/v1/audit/streams/run-{run['id']}",
        "/api/v1/audit/verify",
        "/api/v1/projections",
    ):
        assert stranger.http.get(path, headers=headers).status_code == 200
    neutralized = stranger.http.post(f"/api/v1/runs/{run['id']}/neutralize", headers=headers)
    assert neutralized.status_code == 200
    assert api.events(f"run-{run['id']}")[-1]["actor"] == "user:admin"


@pytest.mark.parametrize("path", ["verify", "me", "usage-stats"])
def test_a_token_is_told_that_it_is_no_key(own: Api, path: str) -> None:
    response = own.http.get(f"/api/v1/auth/{path}")
    assert_dashboard_error(response, 400, "business_rule_violation", "API key")


def test_what_a_user_does_is_recorded_under_their_name(own: Api, api: Api, user: Json) -> None:
    [created] = api.events(f"process-{own.create_process()}")
    assert created["actor"] == f"user:{user['username']}"


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ({"roles": ["viewer"]}, {}),
        ({"password": "another password"}, {"password": PASSWORD}),
        ({"is_active": False}, {"is_active": True}),
    ],
)
def test_a_change_of_roles_or_password_or_a_deactivation_ends_the_tokens(
    api: Api, own: Api, user: Json, change: Json, back: Json
) -> None:
    own.get("/auth/me")
    path = f"/auth/users/{user['username']}"
    api.patch(path, change)
    assert_football_error(own.http.get("/auth/me"), 401, "Invalid token")
    assert_dashboard_error(
        own.http.get("/api/v1/runs/"), 401, "authentication_error", "Invalid token"
    )
    api.patch(path, back)
    assert own.http.get("/auth/me").status_code == 401
    assert own.log_in(user["username"], PASSWORD).status_code == 200


def test_another_email_leaves_the_tokens_valid(api: Api, own: Api, user: Json) -> None:
    api.patch(f"/auth/users/{user['username']}", {"email": "other@example.org"})
    assert own.get("/auth/me")["email"] == "other@example.org"


def test_new_roles_count_from_the_next_login(api: Api, stranger: Api, user: Json) -> None:
    api.patch(f"/auth/users/{user['username']}", {"roles": ["admin"]})
    issued = stranger.log_in(user["username"], PASSWORD).json()["access_token"]
    headers = {"Authorization": f"Bearer {issued}"}
    assert stranger.http.get("/auth/users", headers=headers).status_code == 200


@pytest.mark.parametrize("forged", ["none", "HS256", "expired", "sub"])
def test_a_forged_token_is_refused(stranger: Api, token: str, forged: str) -> None:
    header, claims, signature = token.split(".")
    if forged == "none":
        header, signature = encoded({"alg": "none", "typ": "JWT"}), ""
    elif forged == "HS256":
        mac = hmac.new(b"guessed secret", f"{header}.{claims}".encode(), hashlib.sha256)
        signature = base64.urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()
    elif forged == "expired":
        claims = encoded(decoded(claims) | {"exp": int(time.time()) - 10})
    else:
        claims = encoded(decoded(claims) | {"sub": "admin", "roles": ["admin"]})
    response = stranger.http.get(
        "/auth/me", headers={"Authorization": f"Bearer {header}.{claims}.{signature}"}
    )
    assert_football_error(response, 401, "Invalid token")
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_wrong_password_and_an_unknown_user_are_answered_alike(stranger: Api, user: Json) -> None:
    for username in (user["username"], unique("nobody"), "no name at all"):
        assert_football_error(stranger.log_in(username, "wrong password"), 401, WRONG)


def test_a_deactivated_user_does_not_come_in(api: Api, stranger: Api, user: Json) -> None:
    api.patch(f"/auth/users/{user['username']}", {"is_active": False})
    assert_football_error(stranger.log_in(user["username"], PASSWORD), 401, WRONG)


def test_after_five_failures_a_login_must_wait(stranger: Api, api: Api, user: Json) -> None:
    for _ in range(5):
        assert stranger.log_in(user["username"], "wrong password").status_code == 401
    response = stranger.log_in(user["username"], PASSWORD)
    assert_football_error(response, 429, "Too many failed login attempts")
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert stranger.log_in(api.register()["username"], PASSWORD).status_code == 200


def test_a_login_that_succeeds_forgets_the_failures_before(stranger: Api, user: Json) -> None:
    for _ in range(2):
        for _ in range(4):
            assert stranger.log_in(user["username"], "wrong password").status_code == 401
        assert stranger.log_in(user["username"], PASSWORD).status_code == 200


def test_users_are_listed_by_name(api: Api, user: Json) -> None:
    users = api.get("/auth/users")
    assert user in users
    names = [listed["username"] for listed in users]
    assert names == sorted(names)


def test_a_username_is_given_once(api: Api, user: Json) -> None:
    response = api.http.post(
        "/auth/users", json={"username": user["username"], "password": PASSWORD}
    )
    assert_football_error(response, 409, f"user-{user['username']} already exists")


def test_an_unknown_user_is_not_changed(api: Api) -> None:
    response = api.http.patch("/auth/users/nobody-at-all", json={"is_active": False})
    assert_football_error(response, 404, "nobody-at-all not found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/auth/users"), ("POST", "/auth/users"), ("PATCH", "/auth/users/admin")],
)
def test_only_admins_manage_users(own: Api, method: str, path: str) -> None:
    response = own.http.request(method, path, json={"username": "x", "password": PASSWORD})
    assert_football_error(response, 403, "admin")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"username": "two words"}, "username"),
        ({"username": ""}, "username"),
        ({"password": "short"}, "password"),
        ({"email": "nowhere"}, "email"),
        ({"roles": []}, "roles"),
        ({"roles": ["emperor"]}, "roles[0]"),
        ({"roles": "admin"}, "roles"),
    ],
)
def test_a_user_who_cannot_be_is_refused(api: Api, wrong: Json, field: str) -> None:
    body = {"username": unique("refused"), "password": PASSWORD} | wrong
    assert_football_fields(api.http.post("/auth/users", json=body), field)


def decoded(part: str) -> Json:
    claims: Json = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def encoded(claims: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()

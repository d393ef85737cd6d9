"""Each family answers every error in its own shape (contract section 2)."""

import pytest

from tests.interfaces.api import PASSWORD, Api, unique
from tests.interfaces.rest.problems import (
    assert_dashboard_error,
    assert_football_error,
    assert_football_fields,
    assert_invalid,
)

DASHBOARD_PATHS = [
    "/api/v1/processes/",
    "/api/v1/runs/",
    "/api/v1/runs/1",
    "/api/v1/step-runs/1",
    "/api/v1/steps/process/1",
    "/api/v1/dashboard/process/1",
    "/api/v1/api-keys/",
    "/api/v1/admin/api-keys/",
    "/api/v1/auth/verify",
    "/api/v1/audit/history",
    "/api/v1/projections",
]

NO_CREDENTIALS = [
    ("X-API-Key", b""),
    ("X-API-Key", b"nonsense"),
    ("X-API-Key", b"pd_" + b"x" * 40),
    ("X-API-Key", b"pd_" + b"x" * 5_000),
    ("X-API-Key", b"pd_\xfcnkn\xf6wn" + b"x" * 40),
    ("X-API-Key", b"9" * 5_000),
    ("Authorization", b"Bearer"),
    ("Authorization", b"Bearer a.b.c"),
    ("Authorization", b"Bearer \xff\xfe"),
    ("Authorization", b"Basic YWRtaW46YWRtaW4="),
    ("Authorization", b"pd_" + b"x" * 40),
]


@pytest.mark.parametrize("path", DASHBOARD_PATHS)
def test_the_dashboard_lets_nobody_in_without_credentials(stranger: Api, path: str) -> None:
    response = stranger.http.get(path)
    assert_dashboard_error(response, 401, "authentication_error", "X-API-Key")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/auth/me", "/auth/users"])
def test_football_lets_nobody_in_without_credentials(stranger: Api, path: str) -> None:
    assert_football_error(stranger.http.get(path), 401, "X-API-Key")


@pytest.mark.parametrize(("name", "value"), NO_CREDENTIALS)
def test_what_is_no_credential_lets_nobody_in(stranger: Api, name: str, value: bytes) -> None:
    response = stranger.http.get("/api/v1/runs/", headers={name.encode(): value})
    assert_dashboard_error(response, 401, "authentication_error")


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/api", "/api/v1", "/api/v2/runs/", "/api/v1/nothing", "/favicon.ico", "/auths"],
)
def test_a_path_that_no_family_owns_is_not_found_in_the_dashboards_shape(
    stranger: Api, path: str
) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert_dashboard_error(stranger.http.request(method, path), 404, "not_found")


@pytest.mark.parametrize("path", ["/auth", "/auth/", "/auth/nothing", "/auth/me/more"])
def test_an_unknown_path_of_football_is_not_found_in_its_shape(stranger: Api, path: str) -> None:
    assert_football_error(stranger.http.get(path), 404)


def test_several_slashes_are_one_also_for_whose_path_it_is(stranger: Api) -> None:
    assert_football_error(stranger.http.get(f"{stranger.http.base_url}//auth//me"), 401)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/processes/", {"GET", "POST"}),
        ("PUT", "/api/v1/runs/1", {"GET", "DELETE"}),
        ("POST", "/api/v1/step-runs/1", {"GET", "PATCH"}),
        ("GET", "/api/v1/runs/1/neutralize", {"POST"}),
        ("POST", "/health", {"GET"}),
        ("TRACE", "/", {"GET"}),
        ("BREW", "/docs", {"GET"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    api: Api, method: str, path: str, allowed: set[str]
) -> None:
    response = api.http.request(method, path)
    assert_dashboard_error(response, 405, "method_not_allowed")
    named = {name.strip() for name in response.headers["allow"].split(",")}
    assert named - {"OPTIONS"} == allowed


def test_a_wrong_method_under_auth_is_answered_in_footballs_shape(stranger: Api) -> None:
    response = stranger.http.patch("/auth/login", json={})
    assert_football_error(response, 405)
    assert "POST" in response.headers["allow"]


def test_a_broken_business_rule_is_400_and_malformed_input_422(api: Api) -> None:
    process = api.create_process("first")
    step = {"process_id": process, "index": 0, "name": "again"}
    broken = api.http.post("/api/v1/steps/", json=step)
    assert_dashboard_error(broken, 400, "business_rule_violation")
    malformed = api.http.post("/api/v1/steps/", json=step | {"index": "first"})
    assert_invalid(malformed, "index")


def test_football_names_each_field_with_its_messages(stranger: Api) -> None:
    assert_football_fields(stranger.http.post("/auth/login", json={}), "username")
    assert_football_fields(
        stranger.http.post("/auth/login", json={"username": "x", "password": 7}), "password"
    )


def test_what_is_not_allowed_is_403_in_either_shape(user_api: Api) -> None:
    assert_dashboard_error(
        user_api.http.get("/api/v1/api-keys/"), 403, "permission_denied", "role admin"
    )
    assert_football_error(user_api.http.get("/auth/users"), 403, "role admin")


def test_who_one_is_comes_before_what_one_sends(stranger: Api, user_api: Api) -> None:
    junk = b'{"name": '
    assert_dashboard_error(
        stranger.http.post("/api/v1/processes/", content=junk), 401, "authentication_error"
    )
    assert_dashboard_error(
        user_api.http.post("/api/v1/api-keys/", content=junk), 403, "permission_denied"
    )


def test_too_many_failed_logins_are_429_in_footballs_shape(stranger: Api) -> None:
    username = unique("throttled")
    responses = [stranger.log_in(username, PASSWORD) for _ in range(6)]
    assert [response.status_code for response in responses] == [401] * 5 + [429]
    assert_football_error(responses[-1], 429)
    assert int(responses[-1].headers["retry-after"]) >= 1

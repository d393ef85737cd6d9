"""The figures of contract section 6 and of the seeds, for every kind of request."""

import pytest

from application.identity.principal import Principal
from application.rate_limits import Window
from domain.identity.roles import Role
from interfaces.rest.families import Families
from interfaces.rest.rate_limits import RateLimits, is_anonymous

FAMILIES = Families("/api/v1")
LIMITS = RateLimits(FAMILIES)
ADDRESS = "192.0.2.7"
BY_ADDRESS = f"address:{ADDRESS}"


def principal(*roles: Role) -> Principal:
    return Principal(
        kind="user",
        name="ada",
        key_id=None,
        roles=frozenset(roles),
        stream_id="user-ada",
        stream_version=1,
    )


USER = principal(Role.USER)
ADMIN = principal(Role.ADMIN)

MINUTES = {
    "dashboard": ["/", "/api/v1/processes/", "/api/v1/runs/7", "/api/v1/auth/me", "/nothing/here"],
    "football": ["/auth/login", "/auth/users/ada", "/api/v1/games", "/api/v1/reports/1"],
}

GROUPS = [
    ("GET", "/workflows/templates", "workflow-templates", 100),
    ("POST", "/workflows/templates", "workflow-templates", 100),
    ("GET", "/workflows/templates/simple_review", "workflow-templates", 100),
    ("POST", "/workflows/apply/simple_review", "workflow-application", 20),
    ("POST", "/workflows/bulk-apply", "workflow-application", 20),
    ("DELETE", "/workflows/content/page-1/template", "workflow-application", 20),
    ("PUT", "/workflows/content/page-1/roles", "workflow-application", 20),
    ("GET", "/workflows/content/page-1/state", "workflow-state", 200),
    ("GET", "/workflows/content", "workflow-state", 200),
    ("POST", "/workflows/transition", "workflow-transition", 100),
    ("GET", "/workflows/health", "workflow-health", 500),
    ("GET", "/workflows", "workflows", 100),
    ("GET", "/workflows/nothing/here", "workflows", 100),
]


@pytest.mark.parametrize("family", MINUTES)
def test_dashboard_and_football_count_by_role(family: str) -> None:
    for path in MINUTES[family]:
        for method in ("GET", "POST", "BREW"):
            assert LIMITS.of(method, path, None, ADDRESS) == (
                BY_ADDRESS,
                (Window(family, 100, 60),),
            )
            assert LIMITS.of(method, path, USER, ADDRESS) == (
                "user:ada",
                (Window(family, 1_000, 60),),
            )
            assert LIMITS.of(method, path, ADMIN, ADDRESS) == (
                "user:ada",
                (Window(family, 10_000, 60),),
            )


@pytest.mark.parametrize("path", ["/api/v1/runs/", "/auth/me"])
def test_the_settings_change_the_figures_of_users_alone(path: str) -> None:
    limits = RateLimits(FAMILIES, per_minute=60, burst=5)
    family = FAMILIES.owner(path).value
    assert limits.of("GET", path, USER, ADDRESS).windows == (
        Window(family, 60, 60),
        Window(family, 5, 1),
    )
    assert limits.of("GET", path, ADMIN, ADDRESS).windows == (Window(family, 10_000, 60),)
    assert limits.of("GET", path, None, ADDRESS).windows == (Window(family, 100, 60),)


def test_a_burst_can_be_set_by_itself() -> None:
    limits = RateLimits(FAMILIES, burst=5)
    assert limits.of("GET", "/", USER, ADDRESS).windows == (
        Window("dashboard", 1_000, 60),
        Window("dashboard", 5, 1),
    )


@pytest.mark.parametrize("sender", [None, USER, ADMIN])
@pytest.mark.parametrize(("method", "path", "group", "limit"), GROUPS)
def test_workflows_count_by_what_is_done(
    sender: Principal | None, method: str, path: str, group: str, limit: int
) -> None:
    limits = RateLimits(FAMILIES, per_minute=60, burst=5)
    assert limits.of(method, path, sender, ADDRESS) == (
        "user:ada" if sender else BY_ADDRESS,
        (Window(group, limit, 60),),
    )


STEWARDSHIP = {Window("stewardship", 100, 60), Window("stewardship", 10, 1)}


@pytest.mark.parametrize("sender", [None, USER, ADMIN])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/stewardship"),
        ("POST", "/stewardship"),
        ("GET", "/stewardship/jobs"),
        ("POST", "/stewardship/stewardship_1/status"),
        ("GET", "/stewardship/nothing/here"),
        ("GET", "/stewardship/line\nbreak"),
    ],
)
def test_stewardship_counts_by_the_minute_and_the_second(
    sender: Principal | None, method: str, path: str
) -> None:
    allowance = LIMITS.of(method, path, sender, ADDRESS)
    assert allowance.who == ("user:ada" if sender else BY_ADDRESS)
    assert set(allowance.windows) == STEWARDSHIP


def test_a_job_of_stewardship_counts_as_a_request_and_as_a_job() -> None:
    windows = LIMITS.of("POST", "/stewardship/jobs", USER, ADDRESS).windows
    assert set(windows) == STEWARDSHIP | {Window("stewardship-jobs", 10, 60)}


@pytest.mark.parametrize("sender", [None, USER, ADMIN])
def test_probes_and_preflights_count_by_address_and_by_themselves(
    sender: Principal | None,
) -> None:
    assert LIMITS.of("GET", "/health", sender, ADDRESS) == (
        BY_ADDRESS,
        (Window("health", 500, 60),),
    )
    assert LIMITS.of("OPTIONS", "/api/v1/runs/", sender, ADDRESS) == (
        BY_ADDRESS,
        (Window("preflight", 1_000, 60),),
    )


def test_only_probes_and_preflights_need_not_say_who_sends_them() -> None:
    assert is_anonymous("GET", "/health")
    assert is_anonymous("OPTIONS", "/auth/users")
    assert not is_anonymous("GET", "/workflows/health")
    assert not is_anonymous("GET", "/")
    assert not is_anonymous("POST", "/auth/login")


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("//stewardship//jobs/", "/stewardship/jobs"),
        ("/health/", "/health"),
        ("/workflows/apply/simple_review//", "/workflows/apply/simple_review"),
        ("//auth/me", "/auth/me"),
    ],
)
def test_slashes_get_nobody_into_another_group(odd: str, plain: str) -> None:
    assert LIMITS.of("POST", odd, USER, ADDRESS) == LIMITS.of("POST", plain, USER, ADDRESS)


@pytest.mark.parametrize("path", ["/stewardships", "/workflowsx", "/healthy", "/authority"])
def test_a_path_that_only_begins_alike_is_the_dashboards(path: str) -> None:
    assert LIMITS.of("GET", path, None, ADDRESS).windows == (Window("dashboard", 100, 60),)

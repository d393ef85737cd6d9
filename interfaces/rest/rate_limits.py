"""How many requests pass, by what they are for and who sends them (contract section 6)."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from litestar.utils import normalize_path

from application.identity.principal import Principal
from application.rate_limits import Window
from domain.identity.roles import Role
from interfaces.rest.families import Families

SECOND = 1
MINUTE = 60

UNAUTHENTICATED_PER_MINUTE = 100
USER_PER_MINUTE = 1_000
ADMIN_PER_MINUTE = 10_000

STEWARDSHIP = (Window("stewardship", 100, MINUTE), Window("stewardship", 10, SECOND))
STEWARDSHIP_JOBS = (*STEWARDSHIP, Window("stewardship-jobs", 10, MINUTE))

WORKFLOW_TEMPLATES = (Window("workflow-templates", 100, MINUTE),)
WORKFLOW_APPLICATION = (Window("workflow-application", 20, MINUTE),)
WORKFLOW_STATE = (Window("workflow-state", 200, MINUTE),)
WORKFLOW_TRANSITION = (Window("workflow-transition", 100, MINUTE),)
WORKFLOW_HEALTH = (Window("workflow-health", 500, MINUTE),)
WORKFLOWS = (Window("workflows", 100, MINUTE),)

# Neither says who sends it: probes need not, and browsers ask before they send credentials.
HEALTH = (Window("health", 500, MINUTE),)
PREFLIGHT = (Window("preflight", 1_000, MINUTE),)


# By themselves, so that no other requests from the same address keep a scraper out.
METRICS = (Window("metrics", 500, MINUTE),)


class Rule(NamedTuple):
    """What requests with this method and path are counted in, whoever sends them."""

    method: str
    path: re.Pattern[str]
    windows: Sequence[Window]


def _rule(method: str, path: str, windows: Sequence[Window]) -> Rule:
    return Rule(method, re.compile(path, re.DOTALL), windows)


ANY = "*"

ANONYMOUS_RULES = (
    _rule("OPTIONS", r".*", PREFLIGHT),
    _rule(ANY, r"/health", HEALTH),
)

# The first that fits counts; what fits none of them is counted by family and role.
RULES = (
    _rule(ANY, r"/metrics", METRICS),
    _rule("POST", r"/stewardship/jobs", STEWARDSHIP_JOBS),
    _rule(ANY, r"/stewardship(/.*)?", STEWARDSHIP),
    _rule(ANY, r"/workflows/templates(/.*)?", WORKFLOW_TEMPLATES),
    _rule(ANY, r"/workflows/apply/[^/]+", WORKFLOW_APPLICATION),
    _rule(ANY, r"/workflows/bulk-apply", WORKFLOW_APPLICATION),
    _rule(ANY, r"/workflows/content/[^/]+/template", WORKFLOW_APPLICATION),
    _rule(ANY, r"/workflows/content/[^/]+/roles", WORKFLOW_APPLICATION),
    _rule(ANY, r"/workflows/content(/.*)?", WORKFLOW_STATE),
    _rule(ANY, r"/workflows/transition", WORKFLOW_TRANSITION),
    _rule(ANY, r"/workflows/health", WORKFLOW_HEALTH),
    _rule(ANY, r"/workflows(/.*)?", WORKFLOWS),
)


class Allowance(NamedTuple):
    """The windows that a request is counted in, and on whose account."""

    who: str
    windows: Sequence[Window]


class RateLimits:
    """The limits of every request, with the figures for users that the settings may give."""

    def __init__(
        self, families: Families, *, per_minute: int | None = None, burst: int | None = None
    ) -> None:
        self._families = families
        self._per_minute = per_minute or USER_PER_MINUTE
        self._burst = burst

    def of(self, method: str, path: str, principal: Principal | None, address: str) -> Allowance:
        """Give what a request is counted in; without a principal its address answers for it."""
        path = normalize_path(path)
        anonymous = _first(ANONYMOUS_RULES, method, path)
        if anonymous is not None:
            return Allowance(_address(address), anonymous)
        who = principal.actor if principal is not None else _address(address)
        windows = _first(RULES, method, path)
        return Allowance(who, windows or self._by_role(path, principal))

    def _by_role(self, path: str, principal: Principal | None) -> Sequence[Window]:
        family = self._families.owner(path).value
        if principal is None:
            return (Window(family, UNAUTHENTICATED_PER_MINUTE, MINUTE),)
        if principal.has(Role.ADMIN):
            return (Window(family, ADMIN_PER_MINUTE, MINUTE),)
        minute = Window(family, self._per_minute, MINUTE)
        return (minute,) if self._burst is None else (minute, Window(family, self._burst, SECOND))


def is_anonymous(method: str, path: str) -> bool:
    """Tell whether a request is answered and counted the same whoever sends it."""
    return _first(ANONYMOUS_RULES, method, normalize_path(path)) is not None


def _first(rules: Sequence[Rule], method: str, path: str) -> Sequence[Window] | None:
    for rule in rules:
        if rule.method in (ANY, method) and rule.path.fullmatch(path):
            return rule.windows
    return None


def _address(address: str) -> str:
    return f"address:{address}"

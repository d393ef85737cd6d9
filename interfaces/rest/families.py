"""The four API families and the shape in which each answers an error (contract section 2)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.utils import normalize_path


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, before it is put in a family's shape.

    ``fields`` names the fields of a validation error, each with its messages; ``details`` are for
    programs, in the one family that has them.
    """

    status: int
    kind: str
    message: str
    at: datetime
    request_id: str
    fields: Mapping[str, list[str]] = msgspec.field(default_factory=dict)
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    details: Mapping[str, Any] = msgspec.field(default_factory=dict)

    @property
    def explained(self) -> str:
        """The message with the fields that it is about."""
        if not self.fields:
            return self.message
        return "; ".join(f"{name}: {', '.join(said)}" for name, said in self.fields.items())


class DashboardError(msgspec.Struct, frozen=True):
    """An error of the dashboard family, and of any path that no family owns."""

    detail: str
    status_code: int
    error_type: str
    timestamp: datetime


class FootballErrorBody(msgspec.Struct, frozen=True):
    """What is within an error of the football family."""

    code: int
    message: str
    details: str | dict[str, list[str]]
    timestamp: datetime


class FootballError(msgspec.Struct, frozen=True):
    """An error of the football family."""

    error: FootballErrorBody


class WorkflowsError(msgspec.Struct, frozen=True):
    """An error of the workflows family."""

    error: str
    error_code: str
    details: dict[str, Any]
    timestamp: datetime
    request_id: str


class StewardshipError(msgspec.Struct, frozen=True):
    """An error of the stewardship family."""

    error: str


ErrorBody = DashboardError | FootballError | WorkflowsError | StewardshipError


def _dashboard(problem: Problem) -> tuple[int, ErrorBody]:
    return problem.status, DashboardError(
        problem.explained, problem.status, problem.kind, problem.at
    )


def _football(problem: Problem) -> tuple[int, ErrorBody]:
    details = dict(problem.fields) or problem.message
    is_validation = problem.fields or problem.kind == "validation_error"
    message = "Validation error" if is_validation else problem.message
    return problem.status, FootballError(
        FootballErrorBody(problem.status, message, details, problem.at)
    )


# Where the seed has another word for it.
_WORKFLOW_CODES = {
    "authentication_error": "AUTHENTICATION_REQUIRED",
    "permission_denied": "INSUFFICIENT_PERMISSIONS",
    "conflict": "CONCURRENT_MODIFICATION",
}


def _workflows(problem: Problem) -> tuple[int, ErrorBody]:
    message, details = problem.message, dict(problem.details)
    if problem.fields:
        said = [f"{field} {text}" for field, texts in problem.fields.items() for text in texts]
        message = f"Invalid request: {'; '.join(said)}"
        details = {"validation_errors": said, "field": next(iter(problem.fields))}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        message = "Authentication required"
    return 400 if problem.kind == "validation_error" else problem.status, WorkflowsError(
        message,
        _WORKFLOW_CODES.get(problem.kind, problem.kind.upper()),
        details,
        problem.at,
        problem.request_id,
    )


def _stewardship(problem: Problem) -> tuple[int, ErrorBody]:
    if problem.kind == "validation_error":
        return 400, StewardshipError(_in_words(problem))
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem.status, StewardshipError("Internal server error")
    return problem.status, StewardshipError(problem.message)


def _in_words(problem: Problem) -> str:
    """Say what is wrong as the seed does: ``domain is required``, not ``domain: is required``."""
    if problem.fields.keys() == {"body"}:
        return "Invalid request body"
    said = [
        f"{name} {message}" if message[:1].islower() else f"{name}: {message}"
        for name, messages in problem.fields.items()
        for message in messages
    ]
    return f"Validation error: {'; '.join(said) or problem.message}"


class Family(Enum):
    """Who owns a path."""

    DASHBOARD = "dashboard"
    FOOTBALL = "football"
    WORKFLOWS = "workflows"
    STEWARDSHIP = "stewardship"


SKINS: dict[Family, Callable[[Problem], tuple[int, ErrorBody]]] = {
    Family.DASHBOARD: _dashboard,
    Family.FOOTBALL: _football,
    Family.WORKFLOWS: _workflows,
    Family.STEWARDSHIP: _stewardship,
}

_FOOTBALL_UNDER_PREFIX = (
    "upload",
    "process",
    "games",
    "reports",
    "status",
    "metrics",
    "config",
    "webhooks",
    "teams",
)


class Families:
    """Tells which family owns a path, under the prefix that the settings give."""

    def __init__(self, prefix: str) -> None:
        self._owned: dict[str, Family] = {
            "/stewardship": Family.STEWARDSHIP,
            "/workflows": Family.WORKFLOWS,
            "/auth": Family.FOOTBALL,
            "/ws": Family.FOOTBALL,
        }
        for name in _FOOTBALL_UNDER_PREFIX:
            self._owned[f"{prefix}/{name}"] = Family.FOOTBALL

    def owner(self, path: str) -> Family:
        """Give the family of a path, however many slashes it is written with."""
        path = normalize_path(path)
        for beginning, family in self._owned.items():
            if path == beginning or path.startswith(beginning + "/"):
                return family
        return Family.DASHBOARD

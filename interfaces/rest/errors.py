"""From exceptions to error responses, in the shape of the family that owns the path."""

import re
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import psycopg
import psycopg_pool
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from application.documents.storage import DocumentTooLargeError
from application.errors import (
    ClaimMismatchError,
    ClaimTakenError,
    ConflictError,
    ErasureNotNotedError,
    ForbiddenError,
    NotAuthenticatedError,
    NotFoundError,
    PreconditionFailedError,
    RateLimitedError,
    ReadModelBehindError,
    SubjectErasedError,
    TooManyAttemptsError,
)
from application.workflows.ports import ContentManagementError
from domain.errors import InvalidFieldError, InvalidFieldsError, RuleViolatedError
from interfaces.rest.conditions import IDEMPOTENCY_KEY
from interfaces.rest.families import SKINS, ErrorBody, Families, Problem
from interfaces.rest.requests import request_id_of
from interfaces.rest.workflows.refusals import workflow_details, workflow_facts

log = structlog.get_logger(__name__)

KINDS = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_denied",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.PRECONDITION_FAILED: "precondition_failed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "payload_too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    HTTPStatus.UNPROCESSABLE_ENTITY: "validation_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal_error",
    HTTPStatus.SERVICE_UNAVAILABLE: "service_unavailable",
}

BODY_PARAMETER = "data"
BUSINESS_RULE = "business_rule_violation"
VALIDATION = "validation_error"
# No validation error, which some families answer with 400: this is 422 in all of them.
KEY_REUSED = "idempotency_key_reused"
SENT_OTHERWISE = "was sent with another request within the last 24 hours"

# Validation errors that have another status than those that name a field (contract section 2).
NOT_VALID = frozenset({DocumentTooLargeError})

STATUSES: dict[type[Exception], HTTPStatus] = {
    DocumentTooLargeError: HTTPStatus.BAD_REQUEST,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    ClaimTakenError: HTTPStatus.CONFLICT,
    PreconditionFailedError: HTTPStatus.PRECONDITION_FAILED,
    SubjectErasedError: HTTPStatus.CONFLICT,
    NotAuthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    RateLimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    ReadModelBehindError: HTTPStatus.SERVICE_UNAVAILABLE,
    ErasureNotNotedError: HTTPStatus.SERVICE_UNAVAILABLE,
}

UNAVAILABLE = (psycopg.OperationalError, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed)

# How Litestar says it.
_MISSING = re.compile(r"Missing required \w+ parameter '(?P<name>[^']+)'")

Handler = Callable[[Request[Any, Any, Any], Exception], Response[ErrorBody]]


def exception_handler(families: Families, *, max_body_bytes: int) -> Handler:
    """Make the one handler of all exceptions."""
    too_large = f"The body must not be larger than {max_body_bytes // 1024} KB"

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorBody]:
        if isinstance(error, RequestEntityTooLarge):
            error.detail = too_large
        problem = _problem(error, request_id_of(request.scope))
        status, body = SKINS[families.owner(request.scope["path"])](problem)
        return Response(body, status_code=status, headers=dict(problem.headers))

    return handle


def _problem(error: Exception, request_id: str) -> Problem:
    status, kind, message = workflow_facts(error) or _facts(error)
    return Problem(
        status=status,
        kind=kind,
        message=message,
        at=datetime.now(UTC),
        request_id=request_id,
        fields=_fields(error),
        headers=_headers(error),
        details=workflow_details(error),
    )


def _facts(error: Exception) -> tuple[int, str, str]:
    """Give status, kind and message; of what nobody foresaw, nothing is told but to the log."""
    if isinstance(error, ValidationException | InvalidFieldError):
        return HTTPStatus.UNPROCESSABLE_ENTITY, VALIDATION, "The request is not valid"
    if isinstance(error, ClaimMismatchError):
        return HTTPStatus.UNPROCESSABLE_ENTITY, KEY_REUSED, f"{IDEMPOTENCY_KEY} {SENT_OTHERWISE}"
    if isinstance(error, RuleViolatedError):
        return HTTPStatus.BAD_REQUEST, BUSINESS_RULE, str(error)
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        status = HTTPStatus(error.status_code)
        return status, KINDS.get(status, "error"), error.detail or status.phrase
    for foreseen, status in STATUSES.items():
        if isinstance(error, foreseen):
            kind = VALIDATION if foreseen in NOT_VALID else KINDS[status]
            return status, kind, str(error)
    status, message = _within(error)
    return status, KINDS[status], message


def _within(error: Exception) -> tuple[HTTPStatus, str]:
    """Log what went wrong within, and tell no more than whether to try again."""
    if isinstance(error, UNAVAILABLE):
        log.warning("database_unavailable", error=type(error).__name__)
        return HTTPStatus.SERVICE_UNAVAILABLE, "The database cannot be reached, try again"
    log.error("request_failed", error=type(error).__name__, frames=frames_of(error))
    return HTTPStatus.INTERNAL_SERVER_ERROR, "An internal error occurred"


def frames_of(error: Exception) -> list[str]:
    """Say where it happened. The message of an exception may hold personal data; its place not."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _fields(error: Exception) -> dict[str, list[str]]:
    """Name the fields that are wrong, each with what is wrong with it."""
    if isinstance(error, InvalidFieldError):
        return _named(error.errors if isinstance(error, InvalidFieldsError) else (error,))
    if isinstance(error, ClaimMismatchError):
        return {IDEMPOTENCY_KEY: [SENT_OTHERWISE]}
    if not isinstance(error, ValidationException):
        return {}
    if missing := _MISSING.match(error.detail):
        return {missing["name"]: ["is required"]}
    if not isinstance(error.extra, list):
        return {}
    fields: dict[str, list[str]] = {}
    for item in error.extra:
        field, message = item.get("key", "request"), item["message"]
        if field == BODY_PARAMETER:  # its content is checked elsewhere: there is none
            field, message = "body", "is required"
        fields.setdefault(field, []).append(message)
    return fields


def _named(errors: Iterable[InvalidFieldError]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for error in errors:
        messages = fields.setdefault(error.field, [])
        if error.message not in messages:
            messages.append(error.message)
    return fields


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case NotAuthenticatedError():
            return {"WWW-Authenticate": "Bearer"}
        case TooManyAttemptsError() | RateLimitedError():
            return {"Retry-After": str(error.retry_after)}
        case ContentManagementError():
            return {"Retry-After": str(error.RETRY_AFTER_SECONDS)}
        case (
            ReadModelBehindError()
            | ErasureNotNotedError()
            | psycopg.OperationalError()
            | psycopg_pool.PoolTimeout()
        ):
            return {"Retry-After": "1"}
        case HTTPException():
            return dict(error.headers or {})
    return {}

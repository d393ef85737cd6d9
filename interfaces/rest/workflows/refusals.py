"""What is answered where something cannot be done with a workflow (seed: Error Responses)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog

from application.workflows.ports import ContentManagementError
from domain.workflows.errors import (
    BuiltInTemplateError,
    ConcurrentModificationError,
    ContentNotFoundError,
    InsufficientPermissionsError,
    InvalidTransitionError,
    TemplateExistsError,
    TemplateNotFoundError,
    WorkflowExistsError,
    WorkflowRefusedError,
)

log = structlog.get_logger(__name__)

PLONE = "plone_connection_error"

# All others are 400.
STATUSES: dict[type[WorkflowRefusedError], HTTPStatus] = {
    InsufficientPermissionsError: HTTPStatus.FORBIDDEN,
    TemplateNotFoundError: HTTPStatus.NOT_FOUND,
    ContentNotFoundError: HTTPStatus.NOT_FOUND,
    TemplateExistsError: HTTPStatus.CONFLICT,
    BuiltInTemplateError: HTTPStatus.CONFLICT,
    WorkflowExistsError: HTTPStatus.CONFLICT,
    InvalidTransitionError: HTTPStatus.CONFLICT,
    ConcurrentModificationError: HTTPStatus.CONFLICT,
}


def workflow_facts(error: Exception) -> tuple[int, str, str] | None:
    """Give status, kind and message of what is refused, or of what failed at Plone."""
    match error:
        case WorkflowRefusedError():
            status = STATUSES.get(type(error), HTTPStatus.BAD_REQUEST)
            return status, error.code.lower(), str(error)
        case ContentManagementError():
            log.warning("content_management_failed")
            return HTTPStatus.INTERNAL_SERVER_ERROR, PLONE, str(error)
    return None


def workflow_details(error: Exception) -> Mapping[str, Any]:
    """Give what programs go by."""
    match error:
        case WorkflowRefusedError():
            return error.details
        case ContentManagementError():
            return {"plone_url": error.address, "retry_after": error.RETRY_AFTER_SECONDS}
    return {}

"""Why something is refused that somebody wants done with a workflow.

Each has a code and details, for programs; the message is for people (seed: Error Responses).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar

from domain.errors import RuleViolatedError

# What is refused is recorded, and may have been made to be wrong in as many ways as fit in a body.
MOST_ERRORS = 100


class WorkflowRefusedError(RuleViolatedError):
    """Something is refused; ``code`` says why, ``details`` what to go by."""

    code: ClassVar[str] = "VALIDATION_ERROR"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


class InvalidTemplateError(WorkflowRefusedError):
    """A template does not hold together."""

    def __init__(self, errors: Sequence[str]) -> None:
        told = _told(errors)
        message = f"Template validation failed: {'; '.join(told)}"
        super().__init__(message, validation_errors=told, field="template")


class InvalidAssignmentsError(WorkflowRefusedError):
    """Roles are assigned as they cannot be."""

    def __init__(self, errors: Sequence[str]) -> None:
        told = _told(errors)
        message = f"Invalid role assignments: {'; '.join(told)}"
        super().__init__(message, validation_errors=told, field="role_assignments")


class InvalidValueError(WorkflowRefusedError):
    """A field has a value that cannot be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"Invalid {field}: {message}", validation_errors=[message], field=field)


class CommentRequiredError(WorkflowRefusedError):
    """A transition asks for a comment that is not there, or not long enough."""

    code = "COMMENT_REQUIRED"

    def __init__(self, transition_id: str, min_length: int) -> None:
        message = f"Transition '{transition_id}' requires a comment"
        if min_length > 1:
            message += f" of at least {min_length} characters"
        super().__init__(
            message,
            validation_errors=[message],
            field="comments",
            transition_id=transition_id,
            min_length=min_length,
        )


class InsufficientPermissionsError(WorkflowRefusedError):
    """Whoever asks has none of the roles that are needed."""

    code = "INSUFFICIENT_PERMISSIONS"

    def __init__(self, message: str, required: Sequence[str], given: Collection[str]) -> None:
        super().__init__(message, required_roles=list(required), user_roles=sorted(given))


class TemplateNotFoundError(WorkflowRefusedError):
    """There is no such template, or none any more."""

    code = "TEMPLATE_NOT_FOUND"

    def __init__(self, template_id: str, available: Sequence[str]) -> None:
        super().__init__(
            f"Template '{template_id}' not found",
            template_id=template_id,
            available_templates=list(available),
        )


class TemplateExistsError(WorkflowRefusedError):
    """A template has the id already, or had it."""

    code = "TEMPLATE_EXISTS"

    def __init__(self, template_id: str) -> None:
        message = f"Template '{template_id}' exists already"
        super().__init__(message, template_id=template_id)


class BuiltInTemplateError(WorkflowRefusedError):
    """A template that comes with Annals cannot be changed."""

    code = "TEMPLATE_BUILT_IN"

    def __init__(self, template_id: str) -> None:
        message = f"Template '{template_id}' comes with Annals and cannot be changed"
        super().__init__(message, template_id=template_id)


class ContentNotFoundError(WorkflowRefusedError):
    """There is no such content, or it has no workflow."""

    code = "CONTENT_NOT_FOUND"

    def __init__(self, content_uid: str, message: str | None = None) -> None:
        text = message or "Content has no workflow template applied"
        super().__init__(text, content_uid=content_uid)


class WorkflowExistsError(WorkflowRefusedError):
    """The content has a workflow already."""

    code = "WORKFLOW_EXISTS"

    def __init__(self, template_id: str, applied_at: datetime) -> None:
        super().__init__(
            "Content already has workflow template applied",
            existing_template=template_id,
            applied_at=applied_at,
            suggestion="Use force=true to override",
        )


class TransitionNotFoundError(WorkflowRefusedError):
    """The content's template has no such transition."""

    code = "TRANSITION_NOT_FOUND"

    def __init__(self, transition_id: str, template_id: str, known: Sequence[str]) -> None:
        super().__init__(
            f"Template '{template_id}' has no transition '{transition_id}'",
            transition_id=transition_id,
            template_id=template_id,
            transitions=list(known),
        )


class InvalidTransitionError(WorkflowRefusedError):
    """The transition is not to be had now."""

    code = "INVALID_TRANSITION"

    def __init__(self, message: str, current_state: str, available: Sequence[str]) -> None:
        super().__init__(
            message, current_state=current_state, available_transitions=list(available)
        )


class ConcurrentModificationError(WorkflowRefusedError):
    """Somebody else moved the content on at the same time."""

    code = "CONCURRENT_MODIFICATION"

    def __init__(self, content_uid: str) -> None:
        message = "Somebody else moved the content on at the same time"
        super().__init__(message, content_uid=content_uid)


def _told(errors: Sequence[str]) -> list[str]:
    """Give the first errors, and how many more there are."""
    more = len(errors) - MOST_ERRORS
    return [*errors[:MOST_ERRORS], *([f"and {more} more"] if more > 0 else [])]

"""Why a command is refused, in the domain's words."""

from collections.abc import Sequence


class RuleViolatedError(Exception):
    """A command breaks a business rule; the message is fit to be shown to its sender."""


class NeutralizedError(RuleViolatedError):
    """A command brings personal data for a subject that has been neutralized."""


class InvalidFieldError(RuleViolatedError):
    """A value that a command brings is malformed; ``message`` says what ``field`` must be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field
        self.message = message


class InvalidFieldsError(InvalidFieldError):
    """Some values that a command brings are malformed; the first of ``errors`` stands for all."""

    def __init__(self, errors: Sequence[InvalidFieldError]) -> None:
        super().__init__(errors[0].field, errors[0].message)
        self.errors = tuple(errors)

"""Why a command is refused, in the domain's words."""


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

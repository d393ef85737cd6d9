"""Why a command is refused, in the domain's words."""


class RuleViolatedError(Exception):
    """A command breaks a business rule; the message is fit to be shown to its sender."""


class NeutralizedError(RuleViolatedError):
    """A command brings personal data for a subject that has been neutralized."""

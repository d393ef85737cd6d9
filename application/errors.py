"""Why a command or a query cannot be carried out, whatever the feature."""


class NotFoundError(Exception):
    """What was asked for does not exist; the message names it."""


class ConflictError(Exception):
    """Somebody else changed the stream first."""

    def __init__(self, stream_id: str) -> None:
        super().__init__(f"{stream_id} was changed by somebody else at the same time")
        self.stream_id = stream_id


class AlreadyExistsError(ConflictError):
    """A stream that should begin already exists."""

    def __init__(self, stream_id: str) -> None:
        Exception.__init__(self, f"{stream_id} already exists")
        self.stream_id = stream_id


class PreconditionFailedError(Exception):
    """The aggregate has none of the versions that the command was sent for."""

    def __init__(self, stream_id: str) -> None:
        super().__init__(f"{stream_id} has another version than If-Match asks for")
        self.stream_id = stream_id


class ClaimTakenError(Exception):
    """A command with the same claim has been recorded already."""

    def __init__(self) -> None:
        super().__init__("The same command was sent at the same time, try again")


class ClaimMismatchError(Exception):
    """A claim has been made for another request than the one that makes it now."""


class SubjectErasedError(Exception):
    """Personal data was to be recorded for a subject whose data key has been destroyed."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"the personal data of {subject} has been erased and cannot come back")
        self.subject = subject


class ErasureNotNotedError(Exception):
    """Personal data is erased, and that is not yet noted outside the database: try again."""

    def __init__(self) -> None:
        super().__init__(
            "The personal data is erased, but the erasure ledger could not be written, try again"
        )


class NotAuthenticatedError(Exception):
    """No credentials, or none that hold."""


class ForbiddenError(Exception):
    """The principal lacks the role for this."""


class TooManyAttemptsError(Exception):
    """Too many failed attempts; try again after ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many failed login attempts")
        self.retry_after = retry_after


class RateLimitedError(Exception):
    """Too many requests; the next one passes after ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Rate limit exceeded, try again later")
        self.retry_after = retry_after


class ReadModelBehindError(Exception):
    """A read model did not catch up with the log in time to answer truthfully."""

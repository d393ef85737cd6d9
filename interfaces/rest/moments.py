"""Times as they come in (contract section 3)."""

from datetime import UTC, datetime
from typing import Annotated, overload

from litestar.params import Parameter

from domain.errors import InvalidFieldError

# Taken as text: a bare number, which could be seconds or milliseconds, is no moment.
Moment = Annotated[
    str | None,
    Parameter(
        description="A moment in ISO 8601, UTC unless it has an offset",
        schema_extra={"format": "date-time"},
    ),
]


def read_moment(name: str, text: str | None) -> datetime | None:
    """Read a query parameter. Raises InvalidFieldError if it is no moment."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidFieldError(name, "must be a moment like 2025-10-03T10:00:00Z") from None
    return in_utc(name, moment)


@overload
def in_utc(name: str, moment: datetime) -> datetime: ...
@overload
def in_utc(name: str, moment: datetime | None) -> datetime | None: ...
def in_utc(name: str, moment: datetime | None) -> datetime | None:
    """Bring a moment to UTC, which one without an offset already is.

    Raises InvalidFieldError for one that is outside the years 1 to 9999 there: PostgreSQL would
    keep it, and nobody could read it back.
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidFieldError(name, "must be within the years 1 to 9999 in UTC") from None

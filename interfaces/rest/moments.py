"""Moments in queries and bodies, refused by the name of their field."""

from datetime import datetime
from typing import Annotated, overload

from litestar.params import Parameter

from domain.errors import InvalidFieldError
from interfaces.moments import parse_moment, parse_point, to_utc

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
        return parse_moment(text)
    except ValueError as error:
        raise InvalidFieldError(name, str(error)) from None


def read_point(name: str, text: str | None) -> int | datetime | None:
    """Read a query parameter. Raises InvalidFieldError if it is no number and no moment."""
    if text is None:
        return None
    try:
        return parse_point(text)
    except ValueError as error:
        raise InvalidFieldError(name, str(error)) from None


@overload
def in_utc(name: str, moment: datetime) -> datetime: ...
@overload
def in_utc(name: str, moment: datetime | None) -> datetime | None: ...
def in_utc(name: str, moment: datetime | None) -> datetime | None:
    """Bring a field of a body to UTC. Raises InvalidFieldError if that cannot be."""
    if moment is None:
        return None
    try:
        return to_utc(moment)
    except ValueError as error:
        raise InvalidFieldError(name, str(error)) from None

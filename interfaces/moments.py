"""Times as they come in (contract section 3)."""

import re
from datetime import UTC, datetime

LARGEST_NUMBER = 2**63 - 1


def parse_moment(text: str) -> datetime:
    """Read a moment in ISO 8601. Raises ValueError, which says what it must be."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a moment like 2025-10-03T10:00:00Z") from None
    return to_utc(moment)


def parse_point(text: str) -> int | datetime:
    """Read a whole number, which is a version or a position, or else a moment in ISO 8601.

    Raises ValueError, which says what it must be.
    """
    if re.fullmatch("[0-9]{1,19}", text) and int(text) <= LARGEST_NUMBER:
        return int(text)
    try:
        return parse_moment(text)
    except ValueError as error:
        raise ValueError(f"{error}, or a whole number") from None


def to_utc(moment: datetime) -> datetime:
    """Bring a moment to UTC, which one without an offset already is.

    Raises ValueError for one that is outside the years 1 to 9999 there: PostgreSQL would keep it,
    and nobody could read it back.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be within the years 1 to 9999 in UTC") from None

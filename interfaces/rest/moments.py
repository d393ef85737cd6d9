"""Times as they come in."""

from datetime import UTC, datetime


def in_utc(moment: datetime | None) -> datetime | None:
    """Read a time without an offset as UTC (contract section 3)."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment

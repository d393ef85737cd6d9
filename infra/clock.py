"""What time it is."""

from datetime import UTC, datetime


def wall_clock() -> datetime:
    """Give the moment, in UTC."""
    return datetime.now(UTC)

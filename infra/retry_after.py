"""Reading the header ``Retry-After`` of somebody else's answer."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after_seconds(text: str, *, longest: int) -> int | None:
    """Read how many seconds to wait, from a number of them or a date; ``longest`` at most."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:10]), longest)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = round((moment - datetime.now(UTC)).total_seconds())
    return min(max(seconds, 0), longest)

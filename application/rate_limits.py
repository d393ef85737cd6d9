"""How many requests may be sent, and who counts them."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Window(msgspec.Struct, frozen=True):
    """How many requests of a group may pass within any so many seconds."""

    group: str
    limit: int
    seconds: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a request passes, and how the longest of its windows stands after it.

    ``resets_at`` is the Unix second in which the oldest counted request leaves that window. A
    refused request passes after ``retry_after`` seconds, whichever window is full; it is 0 for one
    that passes.
    """

    limit: int
    remaining: int
    resets_at: int
    retry_after: int = 0


class RateLimiter(Protocol):
    """Counts requests, so that nobody gets more than their share."""

    async def take(self, who: str, windows: Sequence[Window]) -> Standing:
        """Count a request in all of its windows; in none if one of them is full."""
        ...

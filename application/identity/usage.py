"""How often API keys are used."""

from datetime import datetime
from typing import Protocol

import msgspec


class EndpointUsage(msgspec.Struct, frozen=True, kw_only=True):
    """How often an endpoint was called."""

    endpoint: str
    count: int


class KeyUsage(msgspec.Struct, frozen=True, kw_only=True):
    """How often an API key was used: in all, today, in the last seven days, and for what."""

    usage_count: int
    last_used_at: datetime | None
    daily_usage: int
    weekly_usage: int
    top_endpoints: list[EndpointUsage]


class UsageCounter(Protocol):
    """Counts the use of API keys, without a round trip for each request."""

    def note(self, key_id: int, endpoint: str) -> None:
        """Count one use."""
        ...

    async def usage(self, key_id: int) -> KeyUsage:
        """Give what was counted, this process's latest uses among it."""
        ...

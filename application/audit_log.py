"""The audit log: who called what, when, with which outcome."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Who called what, with which outcome.

    ``actor`` is None without credentials that hold, ``route`` if it is unknown, ``path`` where it
    may hold personal data; ``event_position`` is where the log stands with what was recorded.
    """

    created_at: datetime
    actor: str | None
    method: str
    route: str | None
    path: str | None
    status_code: int
    duration_ms: float
    request_id: str
    event_position: int | None


class LoggedCall(Call, frozen=True):
    """A call as it stands in the audit log."""

    id: int


class CallFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls are wanted; None asks for nothing. ``min_duration`` is in milliseconds."""

    actor: str | None = None
    method: str | None = None
    route: str | None = None
    path: str | None = None
    status_code: int | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    min_duration: float | None = None
    request_id: str | None = None


class FoundCalls(msgspec.Struct, frozen=True):
    """A page of calls, and how many there are on all pages."""

    items: Sequence[LoggedCall]
    total: int


class AuditLog(Protocol):
    """Keeps an account of all calls, without a round trip for each."""

    def note(self, call: Call) -> None:
        """Note a call."""
        ...

    async def find(self, wanted: CallFilter, *, page: int, size: int) -> FoundCalls:
        """Give a page of the calls that fit the filter, this process's latest among them."""
        ...

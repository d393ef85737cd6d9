"""Watching the log as it grows."""

from collections.abc import AsyncGenerator
from typing import Protocol

import msgspec

from application.audit import EventView


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are wanted; None asks for nothing."""

    stream: str | None = None
    category: str | None = None
    type: str | None = None
    actor: str | None = None
    correlation_id: str | None = None


class UnreadableEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is in the log and cannot be read."""

    position: int
    stream_id: str
    version: int
    type: str
    error: str


class EventTail(Protocol):
    """Shows the log from a position on, redacted where neutralized."""

    async def before_last(self, count: int, wanted: EventFilter) -> int:
        """Give the position before the last ``count`` events that are wanted."""
        ...

    def after(
        self, position: int, wanted: EventFilter, *, follow: bool
    ) -> AsyncGenerator[EventView | UnreadableEvent, None]:
        """Show each wanted event after a position once, in order.

        With ``follow`` it goes on for ever, whatever becomes of the database meanwhile.
        """
        ...

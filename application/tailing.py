"""Watching the log as it grows."""

from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Protocol

import msgspec

from application.audit import EventView, show_event
from domain.events import DomainEvent, Recorded

# How many events an extract has at most.
MOST_AT_ONCE = 5000


class UnreadableEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is in the log and cannot be read."""

    position: int
    stream_id: str
    version: int
    type: str
    error: str


Entry = Recorded[DomainEvent] | UnreadableEvent


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are wanted; None asks for nothing."""

    stream: str | None = None
    category: str | None = None
    types: Collection[str] | None = None
    actor: str | None = None
    correlation_id: str | None = None

    def fits(self, entry: Entry) -> bool:
        """Tell whether an entry of the log is wanted."""
        topic = entry.topic if isinstance(entry, Recorded) else entry.type
        return (
            self.stream in (None, entry.stream_id)
            and self.category in (None, entry.stream_id.partition("-")[0])
            and (self.types is None or topic in self.types)
            and self._fits_metadata(entry)
        )

    def _fits_metadata(self, entry: Entry) -> bool:
        """Tell so of who caused it, which is not known of what cannot be read."""
        if self.actor is None and self.correlation_id is None:
            return True
        return (
            isinstance(entry, Recorded)
            and self.actor in (None, entry.metadata.actor)
            and self.correlation_id in (None, entry.metadata.correlation_id)
        )


class Extract(msgspec.Struct, frozen=True):
    """The wanted ones of the next events, the position looked at last, and where the log ends.

    ``size`` is how many bytes they are as they are stored.
    """

    entries: Sequence[Entry]
    position: int
    head: int
    size: int


class EventTail(Protocol):
    """Reads the log from a position on, redacted where neutralized."""

    async def head(self) -> int:
        """Give the position at which the log ends."""
        ...

    async def before_last(self, count: int, wanted: EventFilter) -> int:
        """Give the position before the last ``count`` events that are wanted."""
        ...

    async def extract(self, after: int, limit: int, wanted: EventFilter) -> Extract:
        """Give the next wanted events, ``limit`` at most and only some megabytes of them.

        There may be none though there are some behind: it looks at a part of the log only.
        """
        ...

    async def grown(self, position: int, patience: float) -> int:
        """Return once the log reaches beyond a position, or after so many seconds; give its end."""
        ...

    def extracts(
        self, after: int, wanted: EventFilter, *, follow: bool, limit: int = MOST_AT_ONCE
    ) -> AsyncGenerator[Extract, None]:
        """Give each wanted event after a position once, in order, ``limit`` at a time at most.

        With ``follow`` it goes on for ever, whatever becomes of the database meanwhile.
        """
        ...


def shown(entry: Entry) -> EventView | UnreadableEvent:
    """Show an entry of the log; secrets are never shown."""
    return show_event(entry) if isinstance(entry, Recorded) else entry

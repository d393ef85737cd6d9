"""Taking the log out, redacted, in order."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from application.audit import EventView
from application.tailing import EventFilter, UnreadableEvent
from domain.errors import InvalidFieldError

# A position of the log, or a moment.
Place = int | datetime


class Stretch(msgspec.Struct, frozen=True):
    """A part of the log: behind ``after``, up to ``to``."""

    after: int
    to: int


class ExportedPage(msgspec.Struct, frozen=True):
    """The wanted ones of the next events, and the position that was looked at last."""

    events: Sequence[EventView | UnreadableEvent]
    position: int


class EventArchive(Protocol):
    """Gives the log as it was recorded, a page at a time."""

    async def stretch(self, since: Place | None, until: Place | None) -> Stretch:
        """Find what was recorded from a place to another, both included; now is the end."""
        ...

    def pages(self, stretch: Stretch, wanted: EventFilter) -> AsyncIterator[ExportedPage]:
        """Give the wanted events of a stretch in order; memory holds one page at a time."""
        ...


def check_places(since: Place | None, until: Place | None) -> None:
    """Refuse an end before the beginning. Raises InvalidFieldError."""
    if (isinstance(since, datetime) and isinstance(until, datetime) and since > until) or (
        isinstance(since, int) and isinstance(until, int) and since > until
    ):
        raise InvalidFieldError("from", "must not be after to")

"""What is told of erasures, and what their certification needs from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """An erased subject: when, by which event, and on whose word.

    What only the event tells is None where the log does not hold that event. The fingerprint, in
    hexadecimal, identifies the destroyed key; a subject without personal data never had one.
    """

    subject: str
    erased_at: datetime
    actor: str | None
    reason: str | None
    policy: str | None
    event_type: str | None
    event_id: str
    stream_id: str | None
    version: int | None
    position: int
    key_fingerprint: str | None


class ErasureFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which erasures are wanted; None asks for nothing."""

    subject: str | None = None
    erased_after: datetime | None = None


class FoundErasures(msgspec.Struct, frozen=True):
    """A page of erasures, and how many there are on all pages."""

    items: Sequence[Erasure]
    total: int


class ChainedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event at its place in the hash chain; ``hash`` in hexadecimal.

    ``fits`` tells whether the hash is that of the stored event behind the one before.
    """

    event_id: str
    hash: str
    fits: bool


class ErasureLedger(Protocol):
    """Knows who was erased."""

    async def newest(self, wanted: ErasureFilter, *, page: int, size: int) -> FoundErasures:
        """Give a page of the erasures that fit the filter, newest first."""
        ...

    async def get(self, subject: str) -> Erasure:
        """Give the erasure of a subject. Raises NotFoundError if there was none."""
        ...

    async def event_at(self, position: int) -> ChainedEvent | None:
        """Give the event at a position of the log."""
        ...

    async def has_key(self, subject: str) -> bool:
        """Tell whether a subject has a data key."""
        ...


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """Something that should have gone: where it is, and what is wrong with it; never a value."""

    where: str
    problem: str


class PlaceScan(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at in one place, in rows of each table, and what was found there."""

    place: str
    scanned: dict[str, int]
    found: list[Leftover]


class ErasedEvents(msgspec.Struct, frozen=True, kw_only=True):
    """How many events of a type had personal data of the subject, and in which fields."""

    event_type: str
    fields: list[str]
    events: int


class ErasureScan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was looked at for what a destroyed key had protected.

    The log stood at ``log_position`` with ``log_hash``, in hexadecimal.
    """

    scanned_at: datetime
    log_position: int
    log_hash: str
    searched_texts: int
    erased: list[ErasedEvents]
    places: list[PlaceScan]

    @property
    def found(self) -> list[Leftover]:
        """What is left in all places."""
        return [leftover for place in self.places for leftover in place.found]


class ErasureScanner(Protocol):
    """Looks through everything that Annals keeps."""

    async def scan(self, erasure: Erasure, texts: Sequence[str]) -> ErasureScan:
        """Look for what the erased subject's key protected, and for texts wherever they are.

        The texts are kept nowhere and sent nowhere.
        """
        ...

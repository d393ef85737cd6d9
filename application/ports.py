"""What the application needs from outside; infra implements it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from domain.aggregate import A, Aggregate
from domain.events import DomainEvent, Metadata, Recorded


class EventStore(Protocol):
    """The log of all events, by stream."""

    async def load(self, kind: type[A], key: int | str) -> A:
        """Fold a stream into its aggregate. Raises NotFoundError if it has no event."""
        ...

    async def peek(self, kind: type[A], key: int | str) -> A:
        """Give an aggregate that is only read, from this process's memory if it has not moved.

        Raises NotFoundError if its stream has no event.
        """
        ...

    async def seen(self, kind: type[A], key: int | str) -> A:
        """Give an aggregate as this process saw it last, which costs nothing.

        It may have moved since. Raises NotFoundError if its stream has no event.
        """
        ...

    async def load_as_of(
        self,
        stream_id: str,
        *,
        version: int | None = None,
        at: datetime | None = None,
    ) -> Aggregate:
        """Fold a stream as it was at a version or a moment.

        Raises NotFoundError if it had no event then.
        """
        ...

    async def history(self, stream_id: str) -> Sequence[Recorded[DomainEvent]]:
        """Read every event of a stream. Raises NotFoundError if it has none."""
        ...

    async def event_ids(self, positions: Sequence[int]) -> Mapping[int, str]:
        """Give the ids of the events at some positions, by which later events name them causes."""
        ...

    async def save(
        self,
        *aggregates: Aggregate,
        metadata: Metadata,
        unmoved: Mapping[str, int] | None = None,
    ) -> int:
        """Record the pending events of all the aggregates, or of none; give the last position.

        ``unmoved`` names streams that the decision rests on, with the version each had. Raises
        ConflictError if one of the streams moved, SubjectErasedError if an event brings personal
        data for an erased subject.

        By the conditions of SentMetadata, raises PreconditionFailedError if the first aggregate
        had another version, ClaimTakenError if the claim is taken. A claim is recorded even where
        no event is.

        What events erase is noted outside the database, too, before this returns; where there is
        no event, what the aggregates' streams erased before. Raises ErasureNotNotedError if that
        fails: then it is tried again in the background, and by whoever repeats the command.
        """
        ...

    async def confirm_erasures(self, *stream_ids: str) -> None:
        """Have noted what events of the streams erased, before it is acknowledged once more.

        Raises ErasureNotNotedError.
        """
        ...


class ClaimedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command that took effect, by its claim: which request it was and what it led to.

    ``stream_id`` and ``version`` are those of the aggregate that it saved first, afterwards.
    """

    fingerprint: bytes
    stream_id: str
    version: int
    position: int
    recorded_at: datetime


class ClaimRegister(Protocol):
    """Knows the claims of the last 24 hours."""

    async def find(self, claim_id: bytes) -> ClaimedCommand | None:
        """Give the command that took effect under a claim."""
        ...


class KeyedHash(Protocol):
    """Hashes that nobody can compute without the servers' secret."""

    def digest(self, purpose: str, *parts: bytes) -> bytes:
        """Give 32 bytes, the same for the same purpose and parts in every server process."""
        ...


class Identifiers(Protocol):
    """Integer ids, ascending and never given twice."""

    async def allocate(self, sequence: str, count: int = 1) -> list[int]:
        """Take the next ids of a sequence."""
        ...

"""What the application needs from outside; infra implements it."""

from collections.abc import AsyncIterator, Mapping, Sequence
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
        """
        ...


class Identifiers(Protocol):
    """Integer ids, ascending and never given twice."""

    async def allocate(self, sequence: str, count: int = 1) -> list[int]:
        """Take the next ids of a sequence."""
        ...


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of recomputing the hash chain.

    ``first_bad_position`` names the first position whose stored bytes do not fit the chain, and
    ``problem`` says how; both are None where the chain holds.
    """

    valid: bool
    events_verified: int
    head: int
    first_bad_position: int | None = None
    problem: str | None = None


class ChainVerifier(Protocol):
    """Recomputes the hash chain over the stored log."""

    def progress(self) -> AsyncIterator[Verification]:
        """Verify from the first position on; the last item is the outcome."""
        ...

"""What the application needs from outside; infra implements it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
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


class Rotation(msgspec.Struct, frozen=True):
    """How far a rotation has come: data keys wrapped anew under the named master key."""

    rewrapped: int
    master_key_id: str


class ProjectionKind(StrEnum):
    """What follows the log: a read model, or a subscription that has jobs done."""

    PROJECTION = "projection"
    SUBSCRIPTION = "subscription"


class ProjectionState(StrEnum):
    """Whether a projection can be trusted to be current."""

    LIVE = "live"
    STALE = "stale"
    PARKED_STREAMS = "parked_streams"


class ProjectionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a projection is: ``lag`` in events, ``lag_seconds`` since the first not applied."""

    name: str
    kind: ProjectionKind
    version: int
    position: int
    lag: int
    lag_seconds: float
    state: ProjectionState
    parked_streams: int
    progress_at: datetime
    last_error: str | None


class ProjectionStatuses(Protocol):
    """Knows how far the projections are."""

    async def all(self) -> list[ProjectionStatus]:
        """Give the status of every projection and subscription."""
        ...


class Freshness(Protocol):
    """Lets a query wait for what was recorded before it."""

    async def reach_head(self, projections: Sequence[str]) -> int:
        """Wait until the projections show all that is recorded now; give that position.

        Raises ReadModelBehindError if that takes too long.
        """
        ...


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


class SystemMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the machine is."""

    memory_usage_percent: float
    cpu_usage_percent: float
    disk_usage_percent: float
    uptime_seconds: int


class Vitals(Protocol):
    """Knows whether what Annals stands on is there."""

    async def database(self) -> bool:
        """Tell whether the database answers."""
        ...

    async def cache(self) -> bool:
        """Tell whether Redis answers; without Redis the cache is this process, which does."""
        ...

    def system(self, uptime_seconds: int) -> SystemMetrics:
        """Measure the machine."""
        ...

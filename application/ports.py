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


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature with the key that checks it, both in base64."""

    key_id: str
    public_key: str
    signature: str


class Signer(Protocol):
    """Signs what is kept outside, so that it can be told from what others made up."""

    public_key: str

    def sign(self, purpose: str, content: bytes) -> Signature:
        """Sign a content; the signature says nothing under another purpose."""
        ...

    def verify(
        self, purpose: str, content: bytes, signature: str, *, public_key: str | None = None
    ) -> bool:
        """Tell whether the key's owner signed this; without a key, whether this installation did.

        What cannot be read is no signature.
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
    ``problem`` says how; both are None where the chain holds. Where it holds and is not the one
    that was sealed, there is a problem without a position.
    """

    valid: bool
    events_verified: int
    head: int
    first_bad_position: int | None = None
    problem: str | None = None


class LogMark(msgspec.Struct, frozen=True):
    """A place in the log, with the hash that the chain has there; 0 is before the first event."""

    position: int
    hash: bytes


class ChainVerifier(Protocol):
    """Recomputes the hash chain over the stored log."""

    async def head(self) -> LogMark:
        """Give where the log ends, as its head says; nothing is recomputed."""
        ...

    def progress(self, sealed: LogMark | None = None) -> AsyncIterator[Verification]:
        """Verify from the first position on; the last item is the outcome.

        With a mark, the log must be at least as long, and have the mark's hash at its position.
        """
        ...


class Rotation(msgspec.Struct, frozen=True):
    """How far a rotation has come: data keys wrapped anew under the named master key."""

    rewrapped: int
    master_key_id: str


class MasterKeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """A master key, by its id, with how many data keys it wraps."""

    master_key_id: str
    is_current: bool
    at_hand: bool
    data_keys: int


class KeyInventory(msgspec.Struct, frozen=True, kw_only=True):
    """The master keys in use, the current one first, and how many subjects' keys are destroyed."""

    master_keys: Sequence[MasterKeyUse]
    erased_subjects: int


class ProjectionKind(StrEnum):
    """What follows the log: a read model, or a subscription that has jobs done."""

    PROJECTION = "projection"
    SUBSCRIPTION = "subscription"


class ProjectionState(StrEnum):
    """Whether a projection can be trusted to be current."""

    LIVE = "live"
    STALE = "stale"
    PARKED_STREAMS = "parked_streams"
    NOT_BUILT = "not_built"


class RebuildStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far the second copy of a projection is, and what stopped it, if something did."""

    position: int
    progress_at: datetime
    last_error: str | None


class ProjectionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a projection is: ``lag`` in events, ``lag_seconds`` since the first not applied.

    ``rebuild`` is there while a second copy is made, also if that was interrupted.
    """

    name: str
    kind: ProjectionKind
    version: int
    position: int
    lag: int
    lag_seconds: float
    state: ProjectionState
    parked_streams: int
    progress_at: datetime | None
    last_error: str | None
    rebuild: RebuildStatus | None


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


class SystemMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the machine is."""

    memory_usage_percent: float
    cpu_usage_percent: float
    disk_usage_percent: float
    uptime_seconds: int


class MemoryMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The machine's memory, in bytes and in percent."""

    total: int
    available: int
    percent: float


class CpuMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the machine's processors are, in percent, and how many there are."""

    percent: float
    count: int


class DiskMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The disk that the data directory is on, in bytes and in percent."""

    total: int
    used: int
    free: int
    percent: float


class MachineMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine has, and how much of it is in use."""

    memory: MemoryMetrics
    cpu: CpuMetrics
    disk: DiskMetrics


class Vitals(Protocol):
    """Knows whether what Annals stands on is there."""

    async def database(self) -> bool:
        """Tell whether the database answers."""
        ...

    async def log_is_writable(self) -> bool:
        """Tell whether events can be recorded."""
        ...

    async def cache(self) -> bool:
        """Tell whether Redis answers; without Redis the cache is this process, which does."""
        ...

    def system(self, uptime_seconds: int) -> SystemMetrics:
        """Measure the machine."""
        ...

    def machine(self) -> MachineMetrics:
        """Measure what the machine has, and how much of it is in use."""
        ...

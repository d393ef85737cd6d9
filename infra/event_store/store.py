"""The event store: aggregates in, aggregates out."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

import psycopg
import structlog
from eventsourcing.utils import resolve_topic

from application.errors import NotFoundError, PreconditionFailedError, SubjectErasedError
from application.metadata import SentMetadata
from domain.aggregate import A, Aggregate
from domain.events import CreatedEvent, DomainEvent, Metadata, Recorded, RedactionEvent
from infra.event_store.append import Append, AppendedClaim
from infra.event_store.codec import encode, encode_metadata, needs_key
from infra.event_store.committer import Committer, OnErased
from infra.event_store.keys import SubjectKey
from infra.event_store.metering import AppendMeter
from infra.event_store.observer import LogObserver
from infra.event_store.reader import LogReader
from infra.event_store.record import EventRecord
from infra.event_store.snapshots import Snapshots
from infra.event_store.subjects import SubjectKeys

log = structlog.get_logger(__name__)

CACHED_AGGREGATES = 2048


class PostgresEventStore:
    """Implements the application's EventStore port."""

    def __init__(
        self,
        reader: LogReader,
        committer: Committer,
        observer: LogObserver,
        snapshots: Snapshots,
        subjects: SubjectKeys,
        *,
        on_erased: OnErased,
        meter: AppendMeter,
    ) -> None:
        self._reader = reader
        self._committer = committer
        self._observer = observer
        self._snapshots = snapshots
        self._subjects = subjects
        self._on_erased = on_erased
        self._meter = meter
        self._cache: dict[str, Aggregate] = {}

    async def load(self, kind: type[A], key: int | str) -> A:
        """Fold a stream into its aggregate. Raises NotFoundError if it has no event."""
        stream_id = kind.stream_id(key)
        aggregate = None
        if kind.SNAPSHOT_EVERY is not None:
            aggregate = await self._snapshots.latest(kind, stream_id)
        after = aggregate.version if aggregate is not None else 0
        return _fold(kind, stream_id, aggregate, await self._reader.stream(stream_id, after=after))

    async def peek(self, kind: type[A], key: int | str) -> A:
        """Give an aggregate that is only read, from this process's memory if it has not moved."""
        assert kind.CACHEABLE
        stream_id = kind.stream_id(key)
        version = (await self._observer.ask(stream_id)).version
        cached = self._cache.get(stream_id)
        is_hit = cached is not None and cached.version == version
        self._meter.peeked(is_hit=is_hit)
        if cached is None or not is_hit:
            cached = await self.load(kind, key)
            while len(self._cache) >= CACHED_AGGREGATES:
                del self._cache[next(iter(self._cache))]
            self._cache[stream_id] = cached
        return cast(A, cached)

    async def seen(self, kind: type[A], key: int | str) -> A:
        """Give an aggregate as this process saw it last, which costs nothing."""
        cached = self._cache.get(kind.stream_id(key))
        return cast(A, cached) if cached is not None else await self.peek(kind, key)

    async def load_as_of(
        self, stream_id: str, *, version: int | None = None, at: datetime | None = None
    ) -> Aggregate:
        """Fold a stream as it was at a version or a moment."""
        events = await self._reader.stream(stream_id, to_version=version, at=at)
        return _fold(_kind_of(stream_id, events), stream_id, None, events)

    async def history(self, stream_id: str) -> Sequence[Recorded[DomainEvent]]:
        """Read every event of a stream."""
        events = await self._reader.stream(stream_id)
        if not events:
            raise NotFoundError(f"Stream {stream_id} not found")
        return events

    async def event_ids(self, positions: Sequence[int]) -> Mapping[int, str]:
        """Give the ids of the events at some positions, by which later events name them causes."""
        return await self._reader.event_ids(positions)

    async def save(
        self,
        *aggregates: Aggregate,
        metadata: Metadata,
        unmoved: Mapping[str, int] | None = None,
    ) -> int:
        """Record the pending events of all the aggregates, or of none; give the last position.

        The conditions are about the version that the first aggregate had before its events.
        """
        pending = [aggregate.pending() for aggregate in aggregates]
        first, version_before = aggregates[0], aggregates[0].version - len(pending[0])
        matched = _matched(metadata, first.id, version_before)
        claim = _claimed(metadata, first)
        events = [event for of_one in pending for event in of_one]
        if not events:
            await self.confirm_erasures(*(aggregate.id for aggregate in aggregates))
        if not events and claim is None:
            return (await self._observer.ask(None)).head
        append = await self._append_of(events, metadata, {**(unmoved or {}), **matched}, claim)
        committed = await self._committer.append(append)
        for aggregate in aggregates:
            await self._snapshot_if_due(aggregate, append.expected.get(aggregate.id))
        return committed.position

    async def confirm_erasures(self, *stream_ids: str) -> None:
        """Have noted what events of the streams erased; what is noted already is so once."""
        erased = await self._subjects.erased_by(stream_ids)
        if erased:
            await self._on_erased(erased)

    async def _append_of(
        self,
        events: list[DomainEvent],
        metadata: Metadata,
        unmoved: Mapping[str, int],
        claim: AppendedClaim | None,
    ) -> Append:
        keys = await self._keys_for(events)
        text = encode_metadata(metadata)
        records: list[EventRecord] = []
        expected: dict[str, int] = {}
        erased: dict[str, EventRecord] = {}
        for event in events:
            if needs_key(event) and event.subject in erased:
                raise SubjectErasedError(event.subject)
            record = encode(event, text, keys[event.subject] if needs_key(event) else None)
            records.append(record)
            expected.setdefault(record.stream_id, record.version - 1)
            if isinstance(event, RedactionEvent):
                erased = dict.fromkeys(event.erased_subjects, record) | erased
        return Append(
            records=records,
            expected=expected,
            unmoved={stream: seen for stream, seen in unmoved.items() if stream not in expected},
            keys=keys,
            erased=erased,
            claim=claim,
            committed=asyncio.get_running_loop().create_future(),
        )

    async def _keys_for(self, events: list[DomainEvent]) -> dict[str, SubjectKey]:
        """Give each subject of personal data its key; a stream that begins brings its own."""
        needed = {event.subject for event in events if needs_key(event)}
        begun = {event.originator_id for event in events if isinstance(event, CreatedEvent)}
        keys: dict[str, SubjectKey] = {}
        if older := needed - begun:
            keys = await self._subjects.existing(older)
        for subject in needed - keys.keys():
            keys[subject] = SubjectKey.generate(subject)
        return keys

    async def _snapshot_if_due(self, aggregate: Aggregate, version_before: int | None) -> None:
        every = type(aggregate).SNAPSHOT_EVERY  # the library shadows it on the instance
        if every is None or version_before is None:
            return
        if aggregate.version // every == version_before // every:
            return
        try:
            key = (await self._subjects.existing([aggregate.id])).get(aggregate.id)
            await self._snapshots.take(aggregate, key)
        except psycopg.Error as error:
            # The events are recorded; a snapshot only saves time.
            log.warning("snapshot_not_taken", stream=aggregate.id, error=type(error).__name__)


def _matched(metadata: Metadata, stream_id: str, version: int) -> dict[str, int]:
    """Give what must not move, so that If-Match still holds; raise if it does not even now."""
    if not isinstance(metadata, SentMetadata) or metadata.if_match is None:
        return {}
    if not metadata.if_match.holds_for(version):
        raise PreconditionFailedError(stream_id)
    return {stream_id: version}


def _claimed(metadata: Metadata, first: Aggregate) -> AppendedClaim | None:
    if not isinstance(metadata, SentMetadata) or metadata.claim is None:
        return None
    return AppendedClaim(
        id=metadata.claim.id,
        fingerprint=metadata.claim.fingerprint,
        stream_id=first.id,
        version=first.version,
    )


def _kind_of(stream_id: str, events: list[Recorded[DomainEvent]]) -> type[Aggregate]:
    if not events:
        raise NotFoundError(f"Stream {stream_id} not found")
    created = events[0].event
    assert isinstance(created, CreatedEvent)
    return cast(type[Aggregate], resolve_topic(created.originator_topic))


def _fold(
    kind: type[A], stream_id: str, aggregate: A | None, events: list[Recorded[DomainEvent]]
) -> A:
    for recorded in events:
        aggregate = recorded.event.mutate(aggregate)
    if aggregate is None:
        raise NotFoundError(f"{kind.__name__} {stream_id.partition('-')[2]} not found")
    return aggregate

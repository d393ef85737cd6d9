"""What looking after the projections needs from outside; infra implements it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec


class ParkedStream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that a projection cannot follow past an event: which one, and why."""

    projection: str
    stream_id: str
    version: int
    position: int
    type: str
    error: str
    trace: str
    parked_at: datetime


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """How another try went: the events applied, and where the stream is parked now, if it is."""

    projection: str
    stream_id: str
    events_applied: int
    parked: ParkedStream | None


class RebuildStage(StrEnum):
    """What a rebuild is at."""

    FILLING = "filling"
    INDEXING = "indexing"
    SWAPPING = "swapping"
    DONE = "done"


class RebuildProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the rebuild of a projection is on its way to the head of the log."""

    projection: str
    version: int
    stage: RebuildStage
    position: int
    head: int
    parked_streams: int


class ParkedStreams(Protocol):
    """The streams that projections and subscriptions have parked."""

    async def of(self, projection: str, limit: int | None = None) -> Sequence[ParkedStream]:
        """Give the parked streams, or the first of them, in the order of their positions.

        Raises NotFoundError if there is no such projection.
        """
        ...

    async def not_begun(self, projection: str, prefix: str) -> Sequence[str]:
        """Give the streams, of those whose ids begin so, that are parked at their first event."""
        ...

    async def find(self, projection: str, stream_id: str) -> ParkedStream:
        """Give a parked stream. Raises NotFoundError if there is no such projection or stream."""
        ...

    async def retry(self, projection: str, stream_id: str) -> Retried:
        """Apply what waits of a stream, in order, up to where the projection stands.

        Events that were skipped are passed over. Raises NotFoundError as ``find`` does.
        """
        ...

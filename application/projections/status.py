"""How far projections and subscriptions are."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec


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

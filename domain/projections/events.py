"""What operators do about events that a projection or subscription cannot apply."""

from typing import TYPE_CHECKING

import msgspec

from domain.events import CreatedEvent, DomainEvent

if TYPE_CHECKING:
    from domain.projections.oversight import Oversight


class OversightState(msgspec.Struct):
    """The positions in the log that the projection passes over."""

    skipped: set[int]


class ProjectionOversightBegun(CreatedEvent, frozen=True, kw_only=True):
    """For the first time, somebody takes the projection in hand."""

    TOPIC = "ProjectionOversightBegun"

    def apply(self, aggregate: "Oversight") -> None:
        """Nothing is skipped yet."""
        aggregate.state = OversightState(skipped=set())


class ParkedEventSkipped(DomainEvent, frozen=True, kw_only=True):
    """An event that could not be applied is passed over, now and in every rebuild."""

    TOPIC = "ParkedEventSkipped"

    stream_id: str
    version: int
    position: int
    type: str
    reason: str

    def apply(self, aggregate: "Oversight") -> None:
        """Remember the position."""
        aggregate.state.skipped.add(self.position)

"""The oversight of a projection: which events an operator has it pass over."""

from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.errors import InvalidFieldError
from domain.projections.events import (
    OversightState,
    ParkedEventSkipped,
    ProjectionOversightBegun,
)

MAX_REASON = 500


class Oversight(Aggregate):
    """What operators decided about one projection or subscription, by its name."""

    TOPIC = "Oversight"
    CATEGORY = "projection"
    STATE = OversightState

    if TYPE_CHECKING:
        state: OversightState

    @classmethod
    def begin(cls, projection: str) -> "Oversight":
        """Take a projection in hand for the first time."""
        return cls._create(ProjectionOversightBegun, id=cls.stream_id(projection))

    def skip(self, *, stream_id: str, version: int, position: int, type: str, reason: str) -> None:  # noqa: A002 - the event's own word
        """Pass over an event; once more records nothing.

        Raises InvalidFieldError if the reason is blank or longer than 500 characters.
        """
        if not reason.strip():
            raise InvalidFieldError("reason", "must not be blank")
        if len(reason) > MAX_REASON:
            raise InvalidFieldError("reason", f"must have at most {MAX_REASON} characters")
        if position not in self.state.skipped:
            self.trigger_event(
                ParkedEventSkipped,
                stream_id=stream_id,
                version=version,
                position=position,
                type=type,
                reason=reason.strip(),
            )

"""What goes wrong within Annals itself and does not right itself."""

from typing import TYPE_CHECKING

import msgspec

from domain.events import CreatedEvent

if TYPE_CHECKING:
    from domain.system.incident import Incident


class IncidentState(msgspec.Struct, kw_only=True):
    """An error as it occurred."""

    component: str
    error: str
    details: dict[str, str | int]


class SystemErrorOccurred(CreatedEvent, frozen=True, kw_only=True):
    """A part of Annals met an error that needs somebody to look after it.

    ``error`` says in words of our own what happened, and ``details`` to what: never an exception's
    message, which may hold personal data.
    """

    TOPIC = "SystemErrorOccurred"

    component: str
    error: str
    details: dict[str, str | int]

    def apply(self, aggregate: "Incident") -> None:
        """Stand as it occurred."""
        aggregate.state = IncidentState(
            component=self.component, error=self.error, details=self.details
        )

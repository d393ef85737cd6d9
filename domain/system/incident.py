"""The incident: an error within Annals, by its cause."""

from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.system.events import IncidentState, SystemErrorOccurred


class Incident(Aggregate):
    """An error within Annals. Its stream is named by the cause, so that no cause is told twice."""

    TOPIC = "Incident"
    CATEGORY = "incident"
    STATE = IncidentState

    if TYPE_CHECKING:
        state: IncidentState

    @classmethod
    def occur(
        cls, cause: str, *, component: str, error: str, details: dict[str, str | int]
    ) -> "Incident":
        """Let an error be known of."""
        return cls._create(
            SystemErrorOccurred,
            id=cls.stream_id(cause),
            component=component,
            error=error,
            details=details,
        )

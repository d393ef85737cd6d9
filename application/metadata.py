"""Who sends a command, and through which request."""

from domain.events import Metadata

SYSTEM = "system"


def by_system(correlation_id: str) -> Metadata:
    """Metadata for what Annals does by itself."""
    return Metadata(actor=SYSTEM, correlation_id=correlation_id)

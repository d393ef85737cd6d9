"""What the sender measures."""

from typing import Protocol


class DeliveryMeter(Protocol):
    """Counts attempts."""

    def attempted(self, outcome: str) -> None:
        """Count an attempt by its outcome: ``delivered``, or why it failed."""
        ...

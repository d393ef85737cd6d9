"""What the served application says about itself."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class About:
    """Name, version and surroundings; ``began`` is the monotonic second of the start.

    With ``debug``, whoever asks for it is told how their request was served.
    """

    name: str
    version: str
    description: str
    environment: str
    began: float
    debug: bool = False

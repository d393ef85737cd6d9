"""Where it is known what went wrong within Annals."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong and does not right itself; by its ``cause`` it is told from all others."""

    cause: str
    component: str
    error: str
    details: dict[str, str | int]


class Faults(Protocol):
    """Streams that are parked, jobs that have failed for good."""

    async def unrecorded(self) -> Sequence[Fault]:
        """Give faults that no event tells of yet, at most 100 of each kind, the oldest first."""
        ...

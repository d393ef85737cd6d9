"""The rows of the read model of stewardships and of the jobs that set them up."""

from datetime import datetime
from typing import Any

import msgspec

from domain.stewardship.state import StewardshipState
from projections.table import Table


class StewardshipRow(msgspec.Struct):
    """A stewardship, with all that its figures follow from.

    ``user_ids`` are its stewards, ``reachable`` all of whom there is something to erase, as they
    are found. From ``due_at`` on something is due. ``state`` comes from the database
    as JSON has it.
    """

    id: int
    type: str
    domain: str
    status: str
    user_ids: list[str]
    reachable: list[str]
    due_at: datetime | None
    state: StewardshipState | dict[str, Any]
    version: int

    def read_state(self) -> StewardshipState:
        """Give the state as its type has it."""
        if isinstance(self.state, dict):
            self.state = msgspec.convert(self.state, StewardshipState)
        return self.state


class StewardshipJobRow(msgspec.Struct):
    """A job; its stewardship is there once it is completed.

    ``reachable`` are the stewards to be whose contact details wait with it, ``addresses`` those
    among its options by the number of their subject; both as they are found.
    """

    id: int
    type: str
    domain: str
    status: str
    progress: float
    stewardship_id: int
    user_ids: list[str]
    reachable: list[str]
    addresses: dict[str, str]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    error: str | None
    version: int


STEWARDSHIPS = Table("stewardships", StewardshipRow, key="id")
JOBS = Table("jobs", StewardshipJobRow, key="id")

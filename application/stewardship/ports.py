"""What stewardship needs from outside."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

Clock = Callable[[], datetime]


class StewardDirectory(Protocol):
    """Knows what there is of somebody, who is named by their user id or an e-mail address."""

    async def stewardships_of(self, name: str) -> Sequence[int]:
        """Give the stewardships that have contact details of theirs which are not neutralized."""
        ...

    async def jobs_of(self, name: str) -> Sequence[int]:
        """Give the jobs without a stewardship that have contact details of theirs."""
        ...


class UserAddresses(Protocol):
    """Knows where mail for users goes."""

    async def address_of(self, username: str) -> str | None:
        """Give the e-mail address of an active user; None without one, or without such a user."""
        ...

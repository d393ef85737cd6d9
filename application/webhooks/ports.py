"""What webhooks need from outside."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as those who send to it need it; its secrets are with its aggregate alone.

    ``registered_position`` is that of the event by which it was registered: it is told of nothing
    before. ``version`` is that of its stream.
    """

    id: int
    url: str
    patterns: list[str]
    is_active: bool
    registered_position: int
    version: int


class Endpoints(Protocol):
    """The webhooks that are registered now."""

    async def active(self) -> Sequence[Endpoint]:
        """Give those that are not disabled, by id."""
        ...


class WebhookAddresses(Protocol):
    """Knows which addresses may be sent to."""

    async def check(self, url: str) -> None:
        """Resolve a URL's host. Raises InvalidFieldError if nothing may be sent there."""
        ...

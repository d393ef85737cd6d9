"""What webhooks need from outside."""

from typing import Protocol


class WebhookAddresses(Protocol):
    """Knows which addresses may be sent to."""

    async def check(self, url: str) -> None:
        """Resolve a URL's host. Raises InvalidFieldError if nothing may be sent there."""
        ...


class WebhookAudience(Protocol):
    """Knows which webhooks are told of what."""

    async def count(self, name: str) -> int:
        """Tell how many active webhooks are told of an outward event of this name."""
        ...

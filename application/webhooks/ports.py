"""What webhooks need from outside."""

from typing import Protocol


class WebhookAddresses(Protocol):
    """Knows which addresses may be sent to."""

    async def check(self, url: str) -> None:
        """Resolve a URL's host. Raises InvalidFieldError if nothing may be sent there."""
        ...

"""The address of a webhook, which no two webhooks have at the same time."""

import hashlib
from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.webhooks.events import (
    WebhookAddressFreed,
    WebhookAddressState,
    WebhookAddressTaken,
    WebhookAddressTakenAgain,
)
from domain.webhooks.fields import same_address


class WebhookAddress(Aggregate):
    """Who has an address; it is named by a digest, since a URL may hold a token."""

    TOPIC = "WebhookAddress"
    CATEGORY = "webhook_address"
    STATE = WebhookAddressState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: WebhookAddressState

    @classmethod
    def begin(cls, url: str, webhook_id: int) -> "WebhookAddress":
        """Take an address that no webhook ever had."""
        return cls._create(
            WebhookAddressTaken, id=cls.stream_id(digest_of(url)), webhook_id=webhook_id
        )

    def take(self, webhook_id: int) -> None:
        """Take an address that is free."""
        assert self.state.webhook_id is None
        self.trigger_event(WebhookAddressTakenAgain, webhook_id=webhook_id)

    def free(self) -> None:
        """Leave the address to whom it may be given next."""
        self.trigger_event(WebhookAddressFreed)


def digest_of(url: str) -> str:
    """Give the digest, in hex, of a well-formed URL; the same for all that lead to one place."""
    return hashlib.sha256(same_address(url).encode()).hexdigest()[:32]

"""What happens to the endpoints outside that are told of events."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from domain.events import CreatedEvent, DomainEvent
from domain.personal import Secret

if TYPE_CHECKING:
    from domain.webhooks.address import WebhookAddress
    from domain.webhooks.webhook import Webhook


class DisabledBecause(StrEnum):
    """Why nothing is sent to a webhook any more."""

    ASKED_FOR = "asked_for"
    FAILING = "failing"
    GONE = "gone"


class SigningSecret(msgspec.Struct, frozen=True):
    """A secret that signs what is sent; one that another took the place of does so ``until``."""

    secret: str
    until: datetime | None = None


class WebhookState(msgspec.Struct, kw_only=True):
    """A webhook as its events have made it; ``secrets`` are those in force, newest first."""

    url: str
    patterns: list[str]
    secrets: Secret[list[SigningSecret]]
    is_active: bool = True
    is_unregistered: bool = False


class WebhookAddressState(msgspec.Struct, kw_only=True):
    """Which webhook has the address now."""

    webhook_id: int | None


class WebhookRegistered(CreatedEvent, frozen=True, kw_only=True):
    """An endpoint asked to be told of the events whose names fit one of the patterns."""

    TOPIC = "WebhookRegistered"

    url: str
    patterns: list[str]
    secret: Secret[str]

    def apply(self, aggregate: "Webhook") -> None:
        """Begin as an active one."""
        aggregate.state = WebhookState(
            url=self.url, patterns=self.patterns, secrets=[SigningSecret(self.secret)]
        )


class WebhookPatternsChanged(DomainEvent, frozen=True, kw_only=True):
    """A webhook is told of other events; these are all patterns."""

    TOPIC = "WebhookPatternsChanged"

    patterns: list[str]

    def apply(self, aggregate: "Webhook") -> None:
        """Go by the new patterns."""
        aggregate.state.patterns = self.patterns


class WebhookSecretRotated(DomainEvent, frozen=True, kw_only=True):
    """A webhook has a new secret; none of the older ones signs after ``overlap_until``."""

    TOPIC = "WebhookSecretRotated"

    secret: Secret[str]
    overlap_until: datetime

    def apply(self, aggregate: "Webhook") -> None:
        """Sign with the new secret, and for a while with the older ones too."""
        older = [
            SigningSecret(old.secret, min(old.until or self.overlap_until, self.overlap_until))
            for old in aggregate.state.secrets
        ]
        in_force = [old for old in older if old.until is None or old.until > self.timestamp]
        aggregate.state.secrets = [SigningSecret(self.secret), *in_force]


class WebhookDisabled(DomainEvent, frozen=True, kw_only=True):
    """Nothing is sent to a webhook for the time being.

    ``failing_since`` is when the first of the deliveries that failed in a row was tried.
    """

    TOPIC = "WebhookDisabled"

    reason: DisabledBecause
    failing_since: datetime | None

    def apply(self, aggregate: "Webhook") -> None:
        """Send nothing."""
        aggregate.state.is_active = False


class WebhookEnabled(DomainEvent, frozen=True, kw_only=True):
    """A webhook that was disabled is told of events again."""

    TOPIC = "WebhookEnabled"

    def apply(self, aggregate: "Webhook") -> None:
        """Send again."""
        aggregate.state.is_active = True


class WebhookUnregistered(DomainEvent, frozen=True, kw_only=True):
    """A webhook is not told of anything any more, for good."""

    TOPIC = "WebhookUnregistered"

    def apply(self, aggregate: "Webhook") -> None:
        """Forget the secrets, and send nothing."""
        aggregate.state.is_unregistered = True
        aggregate.state.is_active = False
        aggregate.state.secrets = []


class WebhookAddressTaken(CreatedEvent, frozen=True, kw_only=True):
    """A webhook was registered for an address that none ever had."""

    TOPIC = "WebhookAddressTaken"

    webhook_id: int

    def apply(self, aggregate: "WebhookAddress") -> None:
        """Belong to the webhook."""
        aggregate.state = WebhookAddressState(webhook_id=self.webhook_id)


class WebhookAddressFreed(DomainEvent, frozen=True, kw_only=True):
    """The webhook that had an address was unregistered."""

    TOPIC = "WebhookAddressFreed"

    def apply(self, aggregate: "WebhookAddress") -> None:
        """Belong to nobody."""
        aggregate.state.webhook_id = None


class WebhookAddressTakenAgain(DomainEvent, frozen=True, kw_only=True):
    """A webhook was registered for an address that another had before."""

    TOPIC = "WebhookAddressTakenAgain"

    webhook_id: int

    def apply(self, aggregate: "WebhookAddress") -> None:
        """Belong to the webhook."""
        aggregate.state.webhook_id = self.webhook_id

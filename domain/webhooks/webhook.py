"""The webhook: an endpoint outside that is told of events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.errors import RuleViolatedError
from domain.webhooks.events import (
    DisabledBecause,
    WebhookDisabled,
    WebhookEnabled,
    WebhookPatternsChanged,
    WebhookRegistered,
    WebhookSecretRotated,
    WebhookState,
    WebhookUnregistered,
)
from domain.webhooks.fields import (
    DEFAULT_OVERLAP,
    check_overlap,
    check_patterns,
    check_secret,
    check_url,
)

# Each signs everything that is sent.
MOST_SECRETS = 10


class Webhook(Aggregate):
    """An endpoint with the patterns of what it is told, and the secrets that sign it."""

    TOPIC = "Webhook"
    CATEGORY = "webhook"
    STATE = WebhookState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: WebhookState

    @classmethod
    def register(
        cls, webhook_id: int, *, url: str, patterns: Sequence[str], secret: str
    ) -> "Webhook":
        """Let an endpoint be told of events. Raises InvalidFieldError for a malformed field."""
        check_url(url)
        check_patterns(patterns)
        check_secret(secret)
        return cls._create(
            WebhookRegistered,
            id=cls.stream_id(webhook_id),
            url=url,
            patterns=list(patterns),
            secret=secret,
        )

    def change_patterns(self, patterns: Sequence[str]) -> None:
        """Tell the endpoint of other events. Raises InvalidFieldError for malformed patterns."""
        check_patterns(patterns)
        if list(patterns) != self.state.patterns:
            self.trigger_event(WebhookPatternsChanged, patterns=list(patterns))

    def rotate_secret(self, secret: str, overlap: timedelta = DEFAULT_OVERLAP) -> None:
        """Sign with a new secret; the older ones sign too until the overlap has passed.

        Raises InvalidFieldError for a malformed field, RuleViolatedError for a secret that is in
        force already and for too many of them.
        """
        check_secret(secret)
        check_overlap(overlap)
        now = datetime.now(UTC)
        in_force = self.secrets_at(now)
        if secret in in_force:
            raise RuleViolatedError("This secret is in force already")
        if overlap and len(in_force) >= MOST_SECRETS:
            message = f"{MOST_SECRETS} secrets are in force: wait, or rotate with overlap_hours 0"
            raise RuleViolatedError(message)
        self.trigger_event(WebhookSecretRotated, secret=secret, overlap_until=now + overlap)

    def disable(self, reason: DisabledBecause, failing_since: datetime | None = None) -> None:
        """Send nothing for the time being; of no effect the second time."""
        if self.state.is_active:
            self.trigger_event(WebhookDisabled, reason=reason, failing_since=failing_since)

    def enable(self) -> None:
        """Send again; of no effect on an active one."""
        if not self.state.is_active and not self.state.is_unregistered:
            self.trigger_event(WebhookEnabled)

    def unregister(self) -> None:
        """Never send anything again."""
        if not self.state.is_unregistered:
            self.trigger_event(WebhookUnregistered)

    def secrets_at(self, moment: datetime) -> list[str]:
        """Give the secrets that are in force at a moment, the newest first."""
        return [
            kept.secret for kept in self.state.secrets if kept.until is None or kept.until > moment
        ]

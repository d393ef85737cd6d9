"""The read model of webhooks: those that are registered. It holds no secret."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from domain.events import Recorded
from domain.webhooks.events import (
    WebhookDisabled,
    WebhookEnabled,
    WebhookPatternsChanged,
    WebhookRegistered,
    WebhookSecretRotated,
    WebhookUnregistered,
)
from projections.projection import Projection, Touched
from projections.table import Rows, Table


class WebhookRow(msgspec.Struct):
    """A webhook, as lists show it; ``registered_position`` is that of its first event."""

    id: int
    url: str
    patterns: list[str]
    is_active: bool
    disabled_because: str | None
    failing_since: datetime | None
    created_at: datetime
    updated_at: datetime
    registered_position: int
    version: int


WEBHOOKS = Table("webhooks", WebhookRow, key="id")

webhooks = Projection(
    "webhooks", version=1, schema=Path(__file__).with_name("schema.sql"), tables=(WEBHOOKS,)
)


def _webhook_id(recorded: Recorded[Any]) -> int:
    return int(recorded.stream_id.removeprefix("webhook-"))


def _itself(recorded: Recorded[Any]) -> Touched:
    return [(WEBHOOKS, _webhook_id(recorded))]


@webhooks.on(WebhookRegistered)
def webhook_registered(recorded: Recorded[WebhookRegistered], rows: Rows) -> None:
    """List the webhook."""
    event = recorded.event
    rows.add(
        WEBHOOKS,
        WebhookRow(
            id=_webhook_id(recorded),
            url=event.url,
            patterns=event.patterns,
            is_active=True,
            disabled_because=None,
            failing_since=None,
            created_at=event.timestamp,
            updated_at=event.timestamp,
            registered_position=recorded.position,
            version=recorded.version,
        ),
    )


@webhooks.on(WebhookPatternsChanged, touches=_itself)
def webhook_patterns_changed(recorded: Recorded[WebhookPatternsChanged], rows: Rows) -> None:
    """Show what the webhook is told now."""
    _changed(recorded, rows).patterns = recorded.event.patterns


@webhooks.on(WebhookSecretRotated, touches=_itself)
def webhook_secret_rotated(recorded: Recorded[WebhookSecretRotated], rows: Rows) -> None:
    """Show when the webhook changed; nothing of the secret."""
    _changed(recorded, rows)


@webhooks.on(WebhookDisabled, touches=_itself)
def webhook_disabled(recorded: Recorded[WebhookDisabled], rows: Rows) -> None:
    """Show that nothing is sent, and why."""
    webhook = _changed(recorded, rows)
    webhook.is_active = False
    webhook.disabled_because = recorded.event.reason
    webhook.failing_since = recorded.event.failing_since


@webhooks.on(WebhookEnabled, touches=_itself)
def webhook_enabled(recorded: Recorded[WebhookEnabled], rows: Rows) -> None:
    """Show that the webhook is told of events again."""
    webhook = _changed(recorded, rows)
    webhook.is_active = True
    webhook.disabled_because = None
    webhook.failing_since = None


@webhooks.on(WebhookUnregistered, touches=_itself)
def webhook_unregistered(recorded: Recorded[WebhookUnregistered], rows: Rows) -> None:
    """List the webhook no longer."""
    rows.remove(WEBHOOKS, _webhook_id(recorded))


def _changed(recorded: Recorded[Any], rows: Rows) -> WebhookRow:
    webhook = rows.edit(WEBHOOKS, _webhook_id(recorded))
    webhook.updated_at = recorded.event.timestamp
    webhook.version = recorded.version
    return webhook

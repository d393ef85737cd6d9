"""Webhooks as they are shown, over HTTP and in the terminal alike: with no secret but a new one."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from domain.webhooks.webhook import Webhook
from projections.webhooks.projection import WebhookRow


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook, as lists show it; ``disabled_because`` and ``failing_since`` if it is not active.

    Nothing is sent to one that is not active.
    """

    id: int
    url: str
    events: list[str]
    is_active: bool
    disabled_because: str | None
    failing_since: datetime | None
    created_at: datetime
    updated_at: datetime


class ChangedWebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook after a command; with its ``secret`` this once, if Annals made it up."""

    message: str
    id: int
    url: str
    events: list[str]
    is_active: bool
    secret: str | UnsetType = UNSET


def webhook_view(row: WebhookRow) -> WebhookView:
    """Show a webhook of the read model."""
    return WebhookView(
        id=row.id,
        url=row.url,
        events=row.patterns,
        is_active=row.is_active,
        disabled_because=row.disabled_because,
        failing_since=row.failing_since,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def changed_webhook_view(
    webhook: Webhook, message: str, *, made_up: str | None = None
) -> ChangedWebhookView:
    """Show a webhook as a command has left it, with the secret that was made up for it."""
    return ChangedWebhookView(
        message=message,
        id=int(webhook.key),
        url=webhook.state.url,
        events=webhook.state.patterns,
        is_active=webhook.state.is_active,
        secret=UNSET if made_up is None else made_up,
    )

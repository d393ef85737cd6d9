"""Registering webhooks (seed football: Webhook Management Endpoints; contract section 11)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import Provide
from litestar.params import Parameter

from application.metadata import SentMetadata
from application.webhooks.handlers import (
    ChangeWebhookPatterns,
    RegisterWebhook,
    RotateWebhookSecret,
    change_webhook_patterns,
    disable_webhook,
    enable_webhook,
    register_webhook,
    rotate_webhook_secret,
    unregister_webhook,
)
from domain.identity.roles import Role
from domain.webhooks.secret import derive_secret
from domain.webhooks.webhook import Webhook
from interfaces.rest.access import requires
from interfaces.rest.commands import SentCommand, sent_deletion
from interfaces.rest.recorded import COMMAND_HEADERS, DELETION_HEADERS
from interfaces.rest.webhooks.bodies import (
    ChangeWebhookBody,
    RegisterWebhookBody,
    RotateSecretBody,
    WebhookUrlBody,
)
from interfaces.services import Services
from interfaces.webhook_views import (
    ChangedWebhookView,
    WebhookView,
    changed_webhook_view,
    webhook_view,
)

READ_MODELS = ("webhooks",)

WebhookUrl = Annotated[str, Parameter(description="The URL of a webhook", max_length=2000)]


class WebhooksView(msgspec.Struct, frozen=True, kw_only=True):
    """All webhooks that are registered, the oldest first."""

    webhooks: Sequence[WebhookView]
    total: int


class EventTypeView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of events that webhooks are told of; ``example`` is what ``data`` may look like."""

    name: str
    description: str
    example: Mapping[str, Any]


class EventTypesView(msgspec.Struct, frozen=True, kw_only=True):
    """All kinds of events that webhooks are told of, by name."""

    event_types: Sequence[EventTypeView]
    total: int


class UnregisteredView(msgspec.Struct, frozen=True):
    """That a webhook is told nothing any more."""

    message: str


class WebhookController(Controller):
    """Webhooks, each by its URL."""

    path = "/webhooks"
    tags = ("Webhooks",)
    guards = (requires(Role.ADMIN),)

    @post(
        "/",
        operation_id="registerWebhook",
        response_headers=COMMAND_HEADERS,
        summary="Register a webhook",
    )
    async def register(
        self, sent: SentCommand, services: Services, data: RegisterWebhookBody
    ) -> Response[ChangedWebhookView]:
        """Have a URL told of events from now on, signed with a secret."""
        secret = data.secret or derive_secret(sent.seed())
        command = RegisterWebhook(url=data.url, patterns=data.events, secret=secret)
        registered = await sent.carry_out(
            lambda metadata: register_webhook(
                services.store,
                services.identifiers,
                command,
                metadata,
                addresses=services.webhook_addresses,
                outward=services.outward,
            )
        )
        message = "Webhook registered successfully"
        made_up = secret if data.secret is None else None
        view = changed_webhook_view(registered.aggregate, message, made_up=made_up)
        return registered.answer(view, status=201)

    @get("/", operation_id="listWebhooks", summary="List webhooks")
    async def list(self, services: Services) -> WebhooksView:
        """List the webhooks that are registered, without their secrets."""
        await services.freshness.reach_head(READ_MODELS)
        views = [webhook_view(row) for row in await services.webhooks.all()]
        return WebhooksView(webhooks=views, total=len(views))

    @delete(
        "/",
        operation_id="unregisterWebhook",
        response_headers=DELETION_HEADERS,
        summary="Unregister a webhook",
        status_code=200,
        dependencies={"sent": Provide(sent_deletion)},
    )
    async def unregister(
        self, sent: SentCommand, services: Services, url: WebhookUrl
    ) -> Response[UnregisteredView]:
        """Tell a URL nothing any more; what has not been delivered yet is not."""
        unregistered = await sent.carry_out(
            lambda metadata: unregister_webhook(services.store, url, metadata)
        )
        return unregistered.answer(UnregisteredView("Webhook unregistered successfully"))

    @patch(
        "/",
        operation_id="changeWebhook",
        response_headers=COMMAND_HEADERS,
        summary="Change the events of a webhook",
    )
    async def change(
        self, sent: SentCommand, services: Services, data: ChangeWebhookBody
    ) -> Response[ChangedWebhookView]:
        """Have a webhook told of these events from now on, and of no others."""
        command = ChangeWebhookPatterns(url=data.url, patterns=data.events)
        return await _change(
            sent,
            lambda metadata: change_webhook_patterns(
                services.store, services.outward, command, metadata
            ),
            "Webhook changed successfully",
        )

    @post(
        "/rotate-secret",
        operation_id="rotateWebhookSecret",
        response_headers=COMMAND_HEADERS,
        summary="Rotate the secret of a webhook",
        status_code=200,
    )
    async def rotate_secret(
        self, sent: SentCommand, services: Services, data: RotateSecretBody
    ) -> Response[ChangedWebhookView]:
        """Sign with a new secret, and for a while with the older ones too."""
        secret = data.secret or derive_secret(sent.seed())
        command = RotateWebhookSecret(
            url=data.url, secret=secret, overlap=timedelta(hours=data.overlap_hours)
        )
        return await _change(
            sent,
            lambda metadata: rotate_webhook_secret(services.store, command, metadata),
            "Webhook secret rotated successfully",
            made_up=secret if data.secret is None else None,
        )

    @post(
        "/enable",
        operation_id="enableWebhook",
        response_headers=COMMAND_HEADERS,
        summary="Enable a webhook",
        status_code=200,
    )
    async def enable(
        self, sent: SentCommand, services: Services, data: WebhookUrlBody
    ) -> Response[ChangedWebhookView]:
        """Send to a webhook that was disabled again."""
        return await _change(
            sent,
            lambda metadata: enable_webhook(services.store, data.url, metadata),
            "Webhook enabled successfully",
        )

    @post(
        "/disable",
        operation_id="disableWebhook",
        response_headers=COMMAND_HEADERS,
        summary="Disable a webhook",
        status_code=200,
    )
    async def disable(
        self, sent: SentCommand, services: Services, data: WebhookUrlBody
    ) -> Response[ChangedWebhookView]:
        """Send nothing to a webhook until it is enabled again."""
        return await _change(
            sent,
            lambda metadata: disable_webhook(services.store, data.url, metadata),
            "Webhook disabled successfully",
        )

    @get("/event-types", operation_id="listEventTypes", summary="List event types")
    async def event_types(self, services: Services) -> EventTypesView:
        """List what webhooks can be told of, each with a description and an example."""
        views = [
            EventTypeView(name=kind.name, description=kind.description, example=kind.example)
            for kind in services.outward.describe()
        ]
        return EventTypesView(event_types=views, total=len(views))


async def _change(
    sent: SentCommand,
    handler: Callable[[SentMetadata], Awaitable[tuple[Webhook, int]]],
    message: str,
    *,
    made_up: str | None = None,
) -> Response[ChangedWebhookView]:
    changed = await sent.carry_out(handler)
    return changed.answer(changed_webhook_view(changed.aggregate, message, made_up=made_up))

"""Registering webhooks and changing them, each by its URL."""

from collections.abc import Callable
from datetime import timedelta

import msgspec

from application.errors import AlreadyExistsError, NotFoundError
from application.outward import OutwardCatalogue
from application.ports import EventStore, Identifiers
from application.retries import retrying
from application.webhooks.ports import WebhookAddresses
from domain.events import Metadata
from domain.webhooks.address import WebhookAddress, digest_of
from domain.webhooks.events import DisabledBecause
from domain.webhooks.fields import DEFAULT_OVERLAP, check_url
from domain.webhooks.webhook import Webhook


class RegisterWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Let an endpoint be told of events."""

    url: str
    patterns: list[str]
    secret: str


class ChangeWebhookPatterns(msgspec.Struct, frozen=True, kw_only=True):
    """Tell an endpoint of other events."""

    url: str
    patterns: list[str]


class RotateWebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Sign with a new secret, and until the overlap has passed with the older ones too."""

    url: str
    secret: str
    overlap: timedelta = DEFAULT_OVERLAP


class AlreadyRegisteredError(AlreadyExistsError):
    """The URL has a webhook already."""

    def __init__(self, stream_id: str) -> None:
        Exception.__init__(self, "A webhook is registered for this URL already")
        self.stream_id = stream_id


async def register_webhook(
    store: EventStore,
    identifiers: Identifiers,
    command: RegisterWebhook,
    metadata: Metadata,
    *,
    addresses: WebhookAddresses,
    outward: OutwardCatalogue,
) -> tuple[Webhook, int]:
    """Register a webhook; give it with the position of its events.

    Raises InvalidFieldError for a malformed field, a pattern that fits no event type and an address
    that nothing may be sent to, AlreadyRegisteredError for a URL in use.
    """
    check_url(command.url)
    outward.check_patterns("events", command.patterns)
    await addresses.check(command.url)
    [webhook_id] = await identifiers.allocate("webhook_ids")

    async def attempt() -> tuple[Webhook, int]:
        webhook = Webhook.register(
            webhook_id, url=command.url, patterns=command.patterns, secret=command.secret
        )
        address = await _take_address(store, command.url, webhook_id)
        return webhook, await store.save(webhook, address, metadata=metadata)

    try:
        return await retrying(attempt)
    except AlreadyExistsError as error:
        raise AlreadyRegisteredError(error.stream_id) from None


async def change_webhook_patterns(
    store: EventStore,
    outward: OutwardCatalogue,
    command: ChangeWebhookPatterns,
    metadata: Metadata,
) -> tuple[Webhook, int]:
    """Choose what a webhook is told; give it with the position of the log.

    Raises InvalidFieldError for malformed patterns and such as fit no event type, NotFoundError for
    a URL without a webhook.
    """
    outward.check_patterns("events", command.patterns)

    def change(webhook: Webhook) -> None:
        webhook.change_patterns(command.patterns)

    return await _change(store, command.url, change, metadata)


async def rotate_webhook_secret(
    store: EventStore, command: RotateWebhookSecret, metadata: Metadata
) -> tuple[Webhook, int]:
    """Give a webhook a new secret; give it with the position of its event.

    Raises InvalidFieldError for a malformed secret or overlap, RuleViolatedError for a secret that
    is in force and for too many of them, NotFoundError for a URL without a webhook.
    """

    def change(webhook: Webhook) -> None:
        webhook.rotate_secret(command.secret, command.overlap)

    return await _change(store, command.url, change, metadata)


async def enable_webhook(store: EventStore, url: str, metadata: Metadata) -> tuple[Webhook, int]:
    """Send to a webhook again. Raises NotFoundError for a URL without one."""
    return await _change(store, url, Webhook.enable, metadata)


async def disable_webhook(store: EventStore, url: str, metadata: Metadata) -> tuple[Webhook, int]:
    """Send nothing to a webhook for a while. Raises NotFoundError for a URL without one."""

    def change(webhook: Webhook) -> None:
        webhook.disable(DisabledBecause.ASKED_FOR)

    return await _change(store, url, change, metadata)


async def unregister_webhook(
    store: EventStore, url: str, metadata: Metadata
) -> tuple[Webhook, int]:
    """Tell a webhook nothing any more, for good. Raises NotFoundError for a URL without one."""

    async def attempt() -> tuple[Webhook, int]:
        address = await _address(store, url)
        webhook = await store.load(Webhook, _owner(address))
        webhook.unregister()
        address.free()
        return webhook, await store.save(webhook, address, metadata=metadata)

    return await retrying(attempt)


async def find_webhook(store: EventStore, url: str) -> Webhook:
    """Give the webhook of a URL, to be looked at or changed.

    Raises InvalidFieldError for what is no URL, NotFoundError for one without a webhook.
    """
    return await store.load(Webhook, _owner(await _address(store, url)))


async def _change(
    store: EventStore, url: str, change: Callable[[Webhook], None], metadata: Metadata
) -> tuple[Webhook, int]:
    async def attempt() -> tuple[Webhook, int]:
        webhook = await find_webhook(store, url)
        change(webhook)
        return webhook, await store.save(webhook, metadata=metadata)

    return await retrying(attempt)


async def _take_address(store: EventStore, url: str, webhook_id: int) -> WebhookAddress:
    try:
        address = await store.load(WebhookAddress, digest_of(url))
    except NotFoundError:
        return WebhookAddress.begin(url, webhook_id)
    if address.state.webhook_id is not None:
        raise AlreadyRegisteredError(address.id)
    address.take(webhook_id)
    return address


async def _address(store: EventStore, url: str) -> WebhookAddress:
    check_url(url)
    try:
        return await store.load(WebhookAddress, digest_of(url))
    except NotFoundError:
        raise _not_found() from None


def _owner(address: WebhookAddress) -> int:
    if address.state.webhook_id is None:
        raise _not_found()
    return address.state.webhook_id


def _not_found() -> NotFoundError:
    return NotFoundError("No webhook is registered for this URL")

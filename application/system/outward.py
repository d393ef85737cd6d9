"""What outsiders are told of Annals itself: its errors, and changes of its configuration.

Configuration is what an admin sets and Annals goes by from then on: the settings of the automation,
how long personal data is kept, which webhooks there are, and who may come in by which roles and
keys.
"""

from typing import Any

from application.outward import OutwardEvents
from domain.configuration.events import ConfigurationReloaded, SectionConfigured
from domain.configuration.sections import HIDDEN
from domain.downloads.events import DownloadFailed
from domain.events import Recorded
from domain.games.alias_events import TeamAliasesChanged
from domain.identity.events import (
    ApiKeyCreated,
    ApiKeyRevoked,
    ApiKeySwitchedOff,
    ApiKeySwitchedOn,
    UserDeactivated,
    UserReactivated,
    UserRegistered,
    UserRolesChanged,
)
from domain.processes.events import RetentionChanged
from domain.system.events import SystemErrorOccurred
from domain.webhooks.events import (
    DisabledBecause,
    WebhookDisabled,
    WebhookEnabled,
    WebhookPatternsChanged,
    WebhookRegistered,
    WebhookSecretRotated,
    WebhookUnregistered,
)

SYSTEM_ERROR = "system_error"
CONFIG_CHANGED = "config_changed"

system_events = OutwardEvents()


@system_events.on(
    SystemErrorOccurred,
    name=SYSTEM_ERROR,
    description="Annals met an error that needs somebody to look after it",
    example={
        "component": "projections",
        "error": "A stream is parked at an event that could not be applied",
        "details": {"projection": "runs", "stream_id": "run-42", "position": 4711},
    },
)
def error_occurred(recorded: Recorded[SystemErrorOccurred]) -> dict[str, Any]:
    """Tell what happened, and to what."""
    event = recorded.event
    return {"component": event.component, "error": event.error, "details": event.details}


@system_events.also_on(WebhookDisabled, name=SYSTEM_ERROR)
def webhook_failed(recorded: Recorded[WebhookDisabled]) -> dict[str, Any] | None:
    """Tell of a webhook that was disabled since it fails; not that somebody wanted it so."""
    event = recorded.event
    if event.reason is DisabledBecause.ASKED_FOR:
        return None
    return {
        "component": "webhooks",
        "error": "A webhook was disabled, since nothing could be delivered to it",
        "details": {"webhook": recorded.stream_id, "reason": event.reason},
    }


@system_events.also_on(DownloadFailed, name=SYSTEM_ERROR)
def download_failed(recorded: Recorded[DownloadFailed]) -> dict[str, Any]:
    """Tell why nothing could be fetched; not from where, for an address may hold a token."""
    event = recorded.event
    answered = {} if event.status_code is None else {"status_code": event.status_code}
    return {
        "component": "web_downloader",
        "error": "Nothing could be downloaded, however often it was tried",
        "details": {"download": recorded.stream_id, "reason": event.reason, **answered},
    }


@system_events.on(
    SectionConfigured,
    name=CONFIG_CHANGED,
    description="An admin changed what Annals goes by: settings, retention, webhooks, users, keys",
    example={
        "section": "processing",
        "stream_id": "configuration",
        "change": "changed",
        "values": {"max_concurrent": 4, "timeout": 600},
    },
)
def section_configured(recorded: Recorded[SectionConfigured]) -> dict[str, Any]:
    """Tell the new values; neither secrets nor an address, which may hold a token."""
    event = recorded.event
    values = event.values | {name: HIDDEN for name in ("url",) if event.values.get(name)}
    if event.headers is not None:
        values["headers"] = HIDDEN
    return _changed(event.section, recorded, "changed", values)


@system_events.also_on(ConfigurationReloaded, name=CONFIG_CHANGED)
def configuration_reloaded(recorded: Recorded[ConfigurationReloaded]) -> dict[str, Any]:
    """Tell that everything begins anew."""
    return _changed("all", recorded, "reloaded")


@system_events.also_on(TeamAliasesChanged, name=CONFIG_CHANGED)
def team_aliases_changed(recorded: Recorded[TeamAliasesChanged]) -> dict[str, Any]:
    """Tell the aliases."""
    event = recorded.event
    values = {"aliases": event.aliases, "left_out": event.left_out}
    return _changed("team_aliases", recorded, "changed", values)


@system_events.also_on(RetentionChanged, name=CONFIG_CHANGED)
def retention_changed(recorded: Recorded[RetentionChanged]) -> dict[str, Any]:
    """Tell how long the runs of a process are kept."""
    event = recorded.event
    values = {"previous": event.previous, "retention_months": event.retention_months}
    return _changed("retention", recorded, "changed", values)


@system_events.also_on(WebhookRegistered, name=CONFIG_CHANGED)
def webhook_registered(recorded: Recorded[WebhookRegistered]) -> dict[str, Any]:
    """Tell what a new webhook is told; not its address, which may hold a token."""
    return _changed("webhooks", recorded, "registered", {"events": recorded.event.patterns})


@system_events.also_on(WebhookPatternsChanged, name=CONFIG_CHANGED)
def webhook_patterns_changed(recorded: Recorded[WebhookPatternsChanged]) -> dict[str, Any]:
    """Tell what a webhook is told from now on."""
    return _changed("webhooks", recorded, "changed", {"events": recorded.event.patterns})


@system_events.also_on(WebhookSecretRotated, name=CONFIG_CHANGED)
def webhook_secret_rotated(recorded: Recorded[WebhookSecretRotated]) -> dict[str, Any]:
    """Tell until when the older secrets sign too."""
    values = {"overlap_until": recorded.event.overlap_until}
    return _changed("webhooks", recorded, "secret_rotated", values)


@system_events.also_on(WebhookDisabled, name=CONFIG_CHANGED)
def webhook_disabled(recorded: Recorded[WebhookDisabled]) -> dict[str, Any]:
    """Tell why nothing is sent."""
    return _changed("webhooks", recorded, "disabled", {"reason": recorded.event.reason})


@system_events.also_on(WebhookEnabled, name=CONFIG_CHANGED)
def webhook_enabled(recorded: Recorded[WebhookEnabled]) -> dict[str, Any]:
    """Name the webhook."""
    return _changed("webhooks", recorded, "enabled")


@system_events.also_on(WebhookUnregistered, name=CONFIG_CHANGED)
def webhook_unregistered(recorded: Recorded[WebhookUnregistered]) -> dict[str, Any]:
    """Name the webhook."""
    return _changed("webhooks", recorded, "unregistered")


@system_events.also_on(UserRegistered, name=CONFIG_CHANGED)
def user_registered(recorded: Recorded[UserRegistered]) -> dict[str, Any]:
    """Tell the roles of a new user."""
    return _changed("users", recorded, "registered", {"roles": recorded.event.roles})


@system_events.also_on(UserRolesChanged, name=CONFIG_CHANGED)
def user_roles_changed(recorded: Recorded[UserRolesChanged]) -> dict[str, Any]:
    """Tell the roles of a user."""
    return _changed("users", recorded, "changed", {"roles": recorded.event.roles})


@system_events.also_on(UserDeactivated, name=CONFIG_CHANGED)
def user_deactivated(recorded: Recorded[UserDeactivated]) -> dict[str, Any]:
    """Name the user."""
    return _changed("users", recorded, "deactivated")


@system_events.also_on(UserReactivated, name=CONFIG_CHANGED)
def user_reactivated(recorded: Recorded[UserReactivated]) -> dict[str, Any]:
    """Name the user."""
    return _changed("users", recorded, "reactivated")


@system_events.also_on(ApiKeyCreated, name=CONFIG_CHANGED)
def api_key_created(recorded: Recorded[ApiKeyCreated]) -> dict[str, Any]:
    """Tell what a new key may do, and until when."""
    event = recorded.event
    values = {"name": event.name, "role": event.role, "expires_at": event.expires_at}
    return _changed("api_keys", recorded, "created", values)


@system_events.also_on(ApiKeyRevoked, name=CONFIG_CHANGED)
def api_key_revoked(recorded: Recorded[ApiKeyRevoked]) -> dict[str, Any]:
    """Name the key."""
    return _changed("api_keys", recorded, "revoked")


@system_events.also_on(ApiKeySwitchedOff, name=CONFIG_CHANGED)
def api_key_switched_off(recorded: Recorded[ApiKeySwitchedOff]) -> dict[str, Any]:
    """Name the key."""
    return _changed("api_keys", recorded, "switched_off")


@system_events.also_on(ApiKeySwitchedOn, name=CONFIG_CHANGED)
def api_key_switched_on(recorded: Recorded[ApiKeySwitchedOn]) -> dict[str, Any]:
    """Name the key."""
    return _changed("api_keys", recorded, "switched_on")


def _changed(
    section: str,
    recorded: Recorded[Any],
    change: str,
    values: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "section": section,
        "stream_id": recorded.stream_id,
        "change": change,
        "values": values or {},
    }

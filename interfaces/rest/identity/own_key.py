"""The API key of a request (seed dashboard: Authentication Endpoints, Usage Analytics)."""

from datetime import datetime

import msgspec
from litestar import Controller, get

from application.identity.principal import Principal
from application.identity.usage import EndpointUsage
from domain.errors import RuleViolatedError
from interfaces.identity_views import ApiKeyView, api_key_view
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.identity.api_keys import find_api_key
from interfaces.services import Services


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The API key of a request and its use."""

    id: int
    name: str
    role: str
    usage_count: int
    last_used_at: datetime | None
    is_active: bool


class VerifiedKey(msgspec.Struct, frozen=True):
    """That an API key holds."""

    status: str
    message: str
    key_info: KeyInfo


class KeyDetails(ApiKeyView, frozen=True, kw_only=True):
    """The API key of a request in full, with its use."""

    usage_count: int
    last_used_at: datetime | None


class UsageStats(msgspec.Struct, frozen=True, kw_only=True):
    """How the API key of a request was used: in all, today, in seven days, and for what."""

    key_id: int
    usage_count: int
    last_used_at: datetime | None
    daily_usage: int
    weekly_usage: int
    top_endpoints: list[EndpointUsage]


class OwnKeyController(Controller):
    """The API key that a request is sent with."""

    path = "/auth"
    tags = ("API keys",)

    @get("/verify", operation_id="verifyApiKey", summary="Verify an API key")
    async def verify(self, request: AuthenticatedRequest, services: Services) -> VerifiedKey:
        """Tell that the API key of the request holds."""
        details = await _own_key(services, request.user)
        info = KeyInfo(
            id=details.id,
            name=details.name,
            role=details.role,
            usage_count=details.usage_count,
            last_used_at=details.last_used_at,
            is_active=details.is_active,
        )
        return VerifiedKey("valid", "API key is valid", info)

    @get("/me", operation_id="getOwnKey", summary="Get the own API key")
    async def me(self, request: AuthenticatedRequest, services: Services) -> KeyDetails:
        """Show the API key of the request."""
        return await _own_key(services, request.user)

    @get("/usage-stats", operation_id="getUsageStats", summary="Get the own API key's use")
    async def usage_stats(self, request: AuthenticatedRequest, services: Services) -> UsageStats:
        """Show how the API key of the request was used."""
        key_id = _own_key_id(request.user)
        usage = await services.usage.usage(key_id)
        return UsageStats(
            key_id=key_id,
            usage_count=usage.usage_count,
            last_used_at=usage.last_used_at,
            daily_usage=usage.daily_usage,
            weekly_usage=usage.weekly_usage,
            top_endpoints=usage.top_endpoints,
        )


async def _own_key(services: Services, principal: Principal) -> KeyDetails:
    entry = await find_api_key(services, _own_key_id(principal))
    usage = await services.usage.usage(entry.id)
    return KeyDetails(
        **msgspec.structs.asdict(api_key_view(entry)),
        usage_count=usage.usage_count,
        last_used_at=usage.last_used_at,
    )


def _own_key_id(principal: Principal) -> int:
    if principal.key_id is None:
        raise RuleViolatedError("This is about API keys; the request was sent with a user's token")
    return principal.key_id

"""API keys (seed dashboard: API Key Management, Authentication Endpoints, Usage Analytics)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import Method, OperationIDCreator
from msgspec import Meta

from application.errors import NotFoundError
from application.identity.commands import CreateApiKey, RevokeApiKey, ToggleApiKey
from application.identity.handlers import create_api_key, revoke_api_key, toggle_api_key
from application.identity.principal import Principal
from application.ports import EndpointUsage
from domain.errors import RuleViolatedError
from domain.identity.api_key import ApiKey
from domain.identity.roles import Role
from interfaces.rest.access import AuthenticatedRequest, metadata_of, requires
from interfaces.rest.bodies import Body, Name
from interfaces.rest.moments import in_utc
from interfaces.rest.paging import DEFAULT_SIZE, FIRST_PAGE, Page, PageNumber, PageSize, paged
from interfaces.rest.parameters import PathId
from interfaces.rest.recorded import recorded, versioned
from interfaces.services import Services
from projections.identity.api_keys import ApiKeyEntry

READ_MODELS = ("api_keys",)


class CreateApiKeyBody(Body, frozen=True, kw_only=True):
    """An API key to be handed out; without ``expires_at`` it holds until it is revoked."""

    name: Name
    description: Annotated[str, Meta(max_length=1000)] | None = None
    role: Role = Role.USER
    expires_at: datetime | None = None


class ApiKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, as it is shown: never with the key itself."""

    id: int
    name: str
    description: str | None
    role: str
    key_prefix: str
    created_at: datetime
    expires_at: datetime | None
    is_active: bool
    revoked_at: datetime | None


class CreatedApiKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A new API key. The ``key`` is shown this once."""

    id: int
    name: str
    description: str | None
    role: str
    key_prefix: str
    key: str
    created_at: datetime
    expires_at: datetime | None
    is_active: bool


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


def _named(name: str) -> OperationIDCreator:
    """Name an operation that stands under two paths."""

    def operation_id(_: HTTPRouteHandler, __: Method, path: Sequence[object]) -> str:
        return f"{name}AsAdmin" if "admin" in path else name

    return operation_id


class ApiKeyController(Controller):
    """API keys."""

    path = "/api-keys"
    tags = ("API keys",)
    guards = (requires(Role.ADMIN),)

    @post("/", operation_id=_named("createApiKey"), summary="Create an API key")
    async def create(
        self, request: AuthenticatedRequest, services: Services, data: CreateApiKeyBody
    ) -> Response[CreatedApiKeyView]:
        """Hand out an API key; this response alone shows it."""
        command = CreateApiKey(
            name=data.name,
            description=data.description,
            role=data.role,
            expires_at=in_utc(data.expires_at),
        )
        created = await create_api_key(
            services.store,
            services.identifiers,
            command,
            metadata_of(request),
            request.user.unmoved,
        )
        api_key = created.api_key
        view = CreatedApiKeyView(
            id=int(api_key.key),
            name=data.name,
            description=data.description,
            role=data.role,
            key_prefix=created.full_key[:8],
            key=created.full_key,
            created_at=api_key.created_on,
            expires_at=command.expires_at,
            is_active=True,
        )
        return recorded(view, position=created.position, version=api_key.version, status=201)

    @get("/", operation_id=_named("listApiKeys"), summary="List API keys")
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[Page[ApiKeyView]]:
        """List API keys, newest first."""
        await services.freshness.reach_head(READ_MODELS)
        found = await services.identity.list_api_keys(page, size)
        views = [_view(entry) for entry in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @get("/{key_id:int}", operation_id=_named("getApiKey"), summary="Get an API key")
    async def get(self, services: Services, key_id: PathId) -> Response[ApiKeyView]:
        """Show an API key."""
        entry = await _find(services, key_id)
        return versioned(_view(entry), entry.version)

    @delete(
        "/{key_id:int}",
        operation_id=_named("revokeApiKey"),
        summary="Revoke an API key",
        status_code=200,
    )
    async def revoke(
        self, request: AuthenticatedRequest, services: Services, key_id: PathId
    ) -> Response[ApiKeyView]:
        """Take an API key back for good, in every server process at once."""
        api_key, position = await revoke_api_key(
            services.store,
            RevokeApiKey(key_id=key_id),
            metadata_of(request),
            request.user.unmoved,
        )
        return await _answer(services, api_key, position)

    @patch(
        "/{key_id:int}/toggle",
        operation_id=_named("toggleApiKey"),
        summary="Switch an API key off or on",
    )
    async def toggle(
        self, request: AuthenticatedRequest, services: Services, key_id: PathId
    ) -> Response[ApiKeyView]:
        """Switch an API key off, or on again."""
        api_key, position = await toggle_api_key(
            services.store,
            ToggleApiKey(key_id=key_id),
            metadata_of(request),
            request.user.unmoved,
        )
        return await _answer(services, api_key, position)


class AdminApiKeyController(ApiKeyController):
    """The same under another path (contract section 7)."""

    path = "/admin/api-keys"


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


async def _find(services: Services, key_id: int) -> ApiKeyEntry:
    await services.freshness.reach_head(READ_MODELS)
    entry = await services.identity.get_api_key(key_id)
    if entry is None:
        raise NotFoundError(f"API key {key_id} not found")
    return entry


async def _answer(services: Services, api_key: ApiKey, position: int) -> Response[ApiKeyView]:
    view = _view(await _find(services, int(api_key.key)))
    return recorded(view, position=position, version=api_key.version)


async def _own_key(services: Services, principal: Principal) -> KeyDetails:
    entry = await _find(services, _own_key_id(principal))
    usage = await services.usage.usage(entry.id)
    return KeyDetails(
        **msgspec.structs.asdict(_view(entry)),
        usage_count=usage.usage_count,
        last_used_at=usage.last_used_at,
    )


def _own_key_id(principal: Principal) -> int:
    if principal.key_id is None:
        raise RuleViolatedError("This is about API keys; the request was sent with a user's token")
    return principal.key_id


def _view(entry: ApiKeyEntry) -> ApiKeyView:
    return ApiKeyView(
        id=entry.id,
        name=entry.name,
        description=entry.description,
        role=entry.role,
        key_prefix=entry.key_prefix,
        created_at=entry.created_at,
        expires_at=entry.expires_at,
        is_active=entry.is_active,
        revoked_at=entry.revoked_at,
    )

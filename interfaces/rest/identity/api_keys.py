"""API keys and who may hand them out (seed dashboard: API Key Management)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from litestar.types import Method, OperationIDCreator
from msgspec import Meta

from application.errors import NotFoundError
from application.identity.commands import CreateApiKey, RevokeApiKey, ToggleApiKey
from application.identity.handlers import create_api_key, revoke_api_key, toggle_api_key
from domain.identity.api_key import ApiKey
from domain.identity.roles import Role
from interfaces.rest.access import AuthenticatedRequest, metadata_of, requires
from interfaces.rest.bodies import Body, Name
from interfaces.rest.moments import in_utc
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.parameters import KeyId
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, recorded, versioned
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


ApiKeyPage = Annotated[Page[ApiKeyView], Parameter(schema_component_key="ApiKeyPage")]


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

    @post(
        "/",
        operation_id=_named("createApiKey"),
        response_headers=COMMAND_HEADERS,
        summary="Create an API key",
    )
    async def create(
        self, request: AuthenticatedRequest, services: Services, data: CreateApiKeyBody
    ) -> Response[CreatedApiKeyView]:
        """Hand out an API key; this response alone shows it."""
        command = CreateApiKey(
            name=data.name,
            description=data.description,
            role=data.role,
            expires_at=in_utc("expires_at", data.expires_at),
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

    @get(
        "/",
        operation_id=_named("listApiKeys"),
        response_headers=PAGE_HEADERS,
        summary="List API keys",
    )
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[ApiKeyPage]:
        """List API keys, newest first."""
        await services.freshness.reach_head(READ_MODELS)
        found = await services.identity.list_api_keys(page, size)
        views = [api_key_view(entry) for entry in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @get(
        "/{key_id:str}",
        operation_id=_named("getApiKey"),
        response_headers=VERSION_HEADERS,
        summary="Get an API key",
    )
    async def get(self, services: Services, key_id: KeyId) -> Response[ApiKeyView]:
        """Show an API key."""
        entry = await find_api_key(services, key_id)
        return versioned(api_key_view(entry), entry.version)

    @delete(
        "/{key_id:str}",
        operation_id=_named("revokeApiKey"),
        response_headers=COMMAND_HEADERS,
        summary="Revoke an API key",
        status_code=200,
    )
    async def revoke(
        self, request: AuthenticatedRequest, services: Services, key_id: KeyId
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
        "/{key_id:str}/toggle",
        operation_id=_named("toggleApiKey"),
        response_headers=COMMAND_HEADERS,
        summary="Switch an API key off or on",
    )
    async def toggle(
        self, request: AuthenticatedRequest, services: Services, key_id: KeyId
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


async def find_api_key(services: Services, key_id: int) -> ApiKeyEntry:
    """Give an API key as of now. Raises NotFoundError."""
    await services.freshness.reach_head(READ_MODELS)
    entry = await services.identity.get_api_key(key_id)
    if entry is None:
        raise NotFoundError(f"API key {key_id} not found")
    return entry


async def _answer(services: Services, api_key: ApiKey, position: int) -> Response[ApiKeyView]:
    view = api_key_view(await find_api_key(services, int(api_key.key)))
    return recorded(view, position=position, version=api_key.version)


def api_key_view(entry: ApiKeyEntry) -> ApiKeyView:
    """Show an API key of the read model."""
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

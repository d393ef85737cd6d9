"""API keys and who may hand them out (seed dashboard: API Key Management)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from litestar.types import Method, OperationIDCreator
from msgspec import Meta

from application.errors import NotFoundError
from application.identity.commands import CreateApiKey, RevokeApiKey, ToggleApiKey
from application.identity.handlers import create_api_key, revoke_api_key, toggle_api_key
from domain.identity.roles import Role
from interfaces.identity_views import (
    ApiKeyView,
    CreatedApiKeyView,
    api_key_view,
    created_api_key_view,
    recorded_api_key_view,
)
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.bodies import Body, Name
from interfaces.rest.commands import SentCommand, sent_deletion
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
from interfaces.rest.recorded import (
    COMMAND_HEADERS,
    DELETION_HEADERS,
    VERSION_HEADERS,
    versioned,
)
from interfaces.services import Services
from projections.identity.api_keys import ApiKeyEntry

READ_MODELS = ("api_keys",)


class CreateApiKeyBody(Body, frozen=True, kw_only=True):
    """An API key to be handed out; without ``expires_at`` it holds until it is revoked."""

    name: Name
    description: Annotated[str, Meta(max_length=1000)] | None = None
    role: Role = Role.USER
    expires_at: datetime | None = None


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
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        data: CreateApiKeyBody,
    ) -> Response[CreatedApiKeyView]:
        """Hand out an API key; no response but to this request shows it."""
        command = CreateApiKey(
            name=data.name,
            seed=sent.seed(),
            description=data.description,
            role=data.role,
            expires_at=in_utc("expires_at", data.expires_at),
        )
        created = await sent.carry_out(
            lambda metadata: create_api_key(
                services.store, services.identifiers, command, metadata, request.user.unmoved
            )
        )
        view = created_api_key_view(created.aggregate, command.seed)
        return created.answer(view, status=201)

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
        response_headers=DELETION_HEADERS,
        summary="Revoke an API key",
        status_code=200,
        dependencies={"sent": Provide(sent_deletion)},
    )
    async def revoke(
        self, request: AuthenticatedRequest, sent: SentCommand, services: Services, key_id: KeyId
    ) -> Response[ApiKeyView]:
        """Take an API key back for good, in every server process at once."""
        command = RevokeApiKey(key_id=key_id)
        revoked = await sent.carry_out(
            lambda metadata: revoke_api_key(services.store, command, metadata, request.user.unmoved)
        )
        return revoked.answer(recorded_api_key_view(revoked.aggregate))

    @patch(
        "/{key_id:str}/toggle",
        operation_id=_named("toggleApiKey"),
        response_headers=COMMAND_HEADERS,
        summary="Switch an API key off or on",
    )
    async def toggle(
        self, request: AuthenticatedRequest, sent: SentCommand, services: Services, key_id: KeyId
    ) -> Response[ApiKeyView]:
        """Switch an API key off, or on again."""
        command = ToggleApiKey(key_id=key_id)
        toggled = await sent.carry_out(
            lambda metadata: toggle_api_key(services.store, command, metadata, request.user.unmoved)
        )
        return toggled.answer(recorded_api_key_view(toggled.aggregate))


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

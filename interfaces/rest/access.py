"""Who sends a request, and what they may do (contract section 1)."""

from collections.abc import Callable
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from application.errors import NotAuthenticatedError
from application.identity.principal import Principal
from domain.events import Metadata
from domain.identity.roles import Role
from interfaces.rest.requests import request_id_of
from interfaces.services import Services

Connection = ASGIConnection[Any, Any, Any, State]
AuthenticatedRequest = Request[Principal, Any, State]

PUBLIC = {"public": True}
BEARER = "bearer "
CORRELATION_ID_LENGTH = 128


class AuthenticationMiddleware(AbstractAuthenticationMiddleware):
    """Authenticates every request but those to routes that are marked public."""

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """Find out who sends the request. Raises NotAuthenticatedError."""
        services: Services = connection.app.state.services
        principal = await services.authenticator.authenticate(_credential(connection))
        if principal.key_id is not None:
            services.usage.note(principal.key_id, connection.scope["path_template"])
        return AuthenticationResult(user=principal, auth=None)


def _credential(connection: Connection) -> str:
    key = connection.headers.get("x-api-key")
    if key:
        return key
    authorization = connection.headers.get("authorization", "")
    if authorization[: len(BEARER)].lower() == BEARER:
        return authorization[len(BEARER) :].strip()
    raise NotAuthenticatedError("Not authenticated: send X-API-Key or Authorization: Bearer")


def requires(role: Role) -> Callable[[Connection, BaseRouteHandler], None]:
    """Make a guard that lets only those through who hold the role."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        principal: Principal = connection.user
        principal.require(role)

    return guard


def metadata_of(request: AuthenticatedRequest) -> Metadata:
    """Give the metadata for the events of a request's command.

    A chain of requests is held together by ``X-Correlation-ID``; without one, the request itself
    begins the chain.
    """
    request_id = request_id_of(request.scope)
    given = request.headers.get("x-correlation-id", "")
    is_id = given.isprintable() and 0 < len(given) <= CORRELATION_ID_LENGTH
    correlation_id = given if is_id else request_id
    return Metadata(actor=request.user.actor, correlation_id=correlation_id, request_id=request_id)

"""Who sends a request, and what they may do (contract section 1)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers, State
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import Scope

from application.errors import NotAuthenticatedError
from application.identity.authentication import Authenticator
from application.identity.principal import Principal
from domain.events import Metadata
from domain.identity.roles import Role
from interfaces.rest.requests import request_id_of
from interfaces.services import Services

Connection = ASGIConnection[Any, Any, Any, State]
AuthenticatedRequest = Request[Principal, Any, State]

PUBLIC = {"public": True}
BEARER = "bearer "
NO_CREDENTIALS = "Not authenticated: send X-API-Key or Authorization: Bearer"
SENDER = "sender"
CORRELATION_ID_LENGTH = 128


class Sender(NamedTuple):
    """Who sends a request; or why their credential does not tell, if they sent one."""

    principal: Principal | None
    failure: Exception | None = None

    @property
    def actor(self) -> str | None:
        """How events name who sends the request."""
        return self.principal.actor if self.principal is not None else None


UNKNOWN = Sender(None)


async def identify(authenticator: Authenticator, scope: Scope) -> Sender:
    """Find out who sends a request, by its credential if it has one."""
    credential = credential_of(Headers.from_scope(scope))
    if credential is None:
        return UNKNOWN
    try:
        return Sender(await authenticator.authenticate(credential))
    except Exception as failure:  # noqa: BLE001 - raised where the route is a protected one
        return Sender(None, failure)


def sender_of(scope: Scope) -> Sender:
    """Give who sends the request that is under way, as far as that was asked."""
    sender: Sender = scope.get("state", {}).get(SENDER, UNKNOWN)
    return sender


class AuthenticationMiddleware(AbstractAuthenticationMiddleware):
    """Lets only those on who are known, but to routes that are marked public."""

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """Give who sends the request. Raises NotAuthenticatedError, or why it cannot be told."""
        sender = sender_of(connection.scope)
        if sender.principal is None:
            raise sender.failure or NotAuthenticatedError(NO_CREDENTIALS)
        if sender.principal.key_id is not None:
            services: Services = connection.app.state.services
            services.usage.note(sender.principal.key_id, connection.scope["path_template"])
        return AuthenticationResult(user=sender.principal, auth=None)


def credential_of(headers: Headers) -> str | None:
    """Give the API key or the token that a request sends."""
    key = headers.get("x-api-key")
    if key:
        return key
    return bearer_of(headers)


def bearer_of(headers: Headers) -> str | None:
    """Give what a request sends as its bearer token."""
    authorization = headers.get("authorization", "")
    if authorization[: len(BEARER)].lower() == BEARER:
        return authorization[len(BEARER) :].strip()
    return None


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
    is_id = given.isascii() and given.isprintable() and 0 < len(given) <= CORRELATION_ID_LENGTH
    correlation_id = given if is_id else request_id
    return Metadata(actor=request.user.actor, correlation_id=correlation_id, request_id=request_id)

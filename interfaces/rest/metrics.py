"""What is measured, for a monitoring system: to admins, and to who holds the scrape token."""

import hmac
from collections.abc import Callable

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler

from application.errors import NotAuthenticatedError
from domain.identity.roles import Role
from interfaces.rest.access import NO_CREDENTIALS, PUBLIC, Connection, bearer_of, sender_of
from interfaces.services import Services

METRICS_PATH = "/metrics"


def metrics_route(token: str | None) -> HTTPRouteHandler:
    """Make the route; without a token it is for admins alone."""

    @get(METRICS_PATH, opt=PUBLIC, guards=[_scrapes(token)], include_in_schema=False)
    async def metrics(services: Services) -> Response[bytes]:
        """Show all metrics in Prometheus's text format."""
        exposition = await services.metrics.expose()
        return Response(exposition.content, media_type=exposition.media_type)

    return metrics


def _scrapes(token: str | None) -> Callable[[Connection, BaseRouteHandler], None]:
    """Make a guard that lets through who sends the token, or is an admin."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        given = bearer_of(connection.headers) or ""
        if token is not None and hmac.compare_digest(given.encode(), token.encode()):
            return
        sender = sender_of(connection.scope)
        if sender.principal is None:
            raise sender.failure or NotAuthenticatedError(NO_CREDENTIALS)
        sender.principal.require(Role.ADMIN)

    return guard

"""What every request goes through before it is routed: who sends it, and whether it may pass."""

from typing import Any

from litestar import Litestar, Request
from litestar.config.cors import CORSConfig
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Message, Receive, Scope, Send

from application.errors import RateLimitedError
from application.rate_limits import Standing
from interfaces.rest.access import SENDER, identify, sender_of
from interfaces.rest.errors import Handler
from interfaces.rest.headers import documented
from interfaces.rest.rate_limits import RateLimits, is_anonymous
from interfaces.services import Services

RATE_HEADERS = (
    documented("X-RateLimit-Limit", "How many requests like this one pass within a minute"),
    documented("X-RateLimit-Remaining", "How many more pass within it"),
    documented("X-RateLimit-Reset", "The Unix second in which the next one counted is let go of"),
)


class Admission:
    """Lets requests in: finds out who sends one, and counts it, also for paths that are unknown.

    Whom a route needs to know, the route decides. Every response says how its sender stands.
    Without limits everything is let in.
    """

    def __init__(
        self, app: Litestar, limits: RateLimits | None, handle: Handler, cors: CORSConfig | None
    ) -> None:
        self._app = app
        self._limits = limits
        self._handle = handle
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        services: Services = self._app.state.services
        if not is_anonymous(scope["method"], scope["path"]):
            scope["state"][SENDER] = await identify(services.authenticator, scope)
        if self._limits is None:
            await self._app(scope, receive, send)
            return
        try:
            standing = await self._count(scope, services, self._limits)
        except Exception as error:  # noqa: BLE001 - answered like any other
            await self._refuse(error, scope, receive, send)
            return
        send = _with_headers(standing, send)
        if standing.retry_after:
            await self._refuse(RateLimitedError(standing.retry_after), scope, receive, send)
        elif self._cors is not None and _is_foreign(self._cors, scope):
            await self._refuse(_foreign_origin(), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _count(self, scope: HTTPScope, services: Services, limits: RateLimits) -> Standing:
        client = scope["client"]
        allowance = limits.of(
            scope["method"],
            scope["path"],
            sender_of(scope).principal,
            client[0] if client is not None else "",
        )
        standing = await services.rate_limiter.take(allowance.who, allowance.windows)
        if standing.retry_after:
            services.meter.refused(allowance.windows[0].group)
        return standing

    async def _refuse(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request[Any, Any, Any](scope, receive, send)
        response = self._handle(request, error)
        if self._cors is not None:
            response.headers.update(_cors_headers(self._cors, request.headers))
        await response.to_asgi_response(None, request)(scope, receive, send)


def _with_headers(standing: Standing, send: Send) -> Send:
    async def send_with_standing(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            headers["X-RateLimit-Limit"] = str(standing.limit)
            headers["X-RateLimit-Remaining"] = str(standing.remaining)
            headers["X-RateLimit-Reset"] = str(standing.resets_at)
        await send(message)

    return send_with_standing


def _foreign_origin() -> HTTPException:
    """Say so in the family's shape; Litestar would in plain text."""
    return HTTPException("The origin is not allowed", status_code=400)


def _is_foreign(cors: CORSConfig, scope: HTTPScope) -> bool:
    """Tell whether a browser asks on behalf of a page that is not to be let in."""
    origin = Headers.from_scope(scope).get("origin")
    return (
        scope["method"] == "OPTIONS" and origin is not None and not cors.is_origin_allowed(origin)
    )


def _cors_headers(cors: CORSConfig, headers: Headers) -> dict[str, str]:
    """Let a browser's page read why it was refused, as Litestar does within."""
    origin = headers.get("origin")
    if origin is None or not cors.is_origin_allowed(origin):
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": ", ".join(cors.expose_headers),
        "Vary": "Origin",
    }

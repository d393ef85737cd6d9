"""What ``X-Debug: true`` adds to the responses of stewardship (contract section 2)."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.params import HeaderParameter, ParameterKwarg
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from domain.identity.roles import Role
from interfaces.rest.about import About
from interfaces.rest.access import sender_of
from interfaces.rest.requests import request_id_of
from interfaces.services import Services

READ_MODEL = "stewardships"
JSON = "application/json"

DEBUG_HEADER: Mapping[str, ParameterKwarg] = {
    "debug": HeaderParameter(
        name="X-Debug",
        annotation=str | None,
        required=False,
        description="`true` adds a `debug` object to the response: request_id, duration_ms, "
        "event_position, projection_lag. With DEBUG=false only for admins",
    )
}


class Debugging:
    """Adds a ``debug`` object to the JSON of a response, for whoever may have it.

    With ``DEBUG=false`` that are admins. ``event_position`` is that of the command's events, or up
    to where the read model has come; ``projection_lag`` counts the events that it lacks.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP or not _is_wanted(scope):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        start: Message | None = None
        content = b""

        async def send_with_debug(message: Message) -> None:
            nonlocal start, content
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body" or start is None:
                await send(message)
                return
            content += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = MutableScopeHeaders.from_message(start)
            if headers.get("content-type", "").startswith(JSON):
                content = await _with_debug(scope, content, headers, began)
                headers["content-length"] = str(len(content))
            await send(start)
            await send({"type": "http.response.body", "body": content, "more_body": False})

        await self._app(scope, receive, send_with_debug)


def _is_wanted(scope: Scope) -> bool:
    if Headers.from_scope(scope).get("x-debug", "").lower() != "true":
        return False
    about: About = ASGIConnection[Any, Any, Any, Any](scope).app.state.about
    principal = sender_of(scope).principal
    return principal is not None and (about.debug or principal.has(Role.ADMIN))


async def _with_debug(
    scope: Scope, content: bytes, headers: MutableScopeHeaders, began: float
) -> bytes:
    body = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    services: Services = ASGIConnection[Any, Any, Any, Any](scope).app.state.services
    [status] = [
        each for each in await services.projection_statuses.all() if each.name == READ_MODEL
    ]
    position = headers.get("x-event-position")
    debug: dict[str, Any] = {
        "request_id": request_id_of(scope),
        "duration_ms": round((time.perf_counter() - began) * 1000, 2),
        "event_position": int(position) if position is not None else status.position,
        "projection_lag": status.lag,
    }
    return msgspec.json.encode(body | {"debug": debug})

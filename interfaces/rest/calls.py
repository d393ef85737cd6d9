"""An account of every call: a line in the log, a measurement, an entry in the audit log."""

import re
import time
from datetime import UTC, datetime
from http import HTTPMethod

import structlog
from litestar.datastructures import MutableScopeHeaders, State
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from litestar.utils import normalize_path

from application.audit_log import Call
from interfaces.rest.access import sender_of
from interfaces.rest.requests import request_id_of
from interfaces.services import Services

log = structlog.get_logger(__name__)

# What nobody is held to account for.
UNACCOUNTED = frozenset({"/health", "/metrics", "/docs", "/redoc", "/openapi.json"})

INTEGER = re.compile(r"[0-9]{1,19}")


class Account:
    """Wraps the application, and gives an account of each call as soon as it is answered.

    It has the route, and the path only where that holds nothing but integer ids: paths and queries
    may hold personal data.
    """

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        asked_for = normalize_path(scope["path"])
        is_accounted = scope["method"] != "OPTIONS" and asked_for not in UNACCOUNTED
        created_at, began = datetime.now(UTC), time.perf_counter()
        status, position, noted = 500, None, False

        def note() -> None:
            nonlocal noted
            noted = True
            call = _call(scope, created_at, began, status, position)
            log.info(
                "request",
                method=scope["method"],
                route=call.route,
                status=status,
                duration_ms=call.duration_ms,
            )
            services: Services = self._state.services
            services.meter.answered(
                method=call.method,
                route=call.route,
                status=status,
                seconds=call.duration_ms / 1000,
            )
            if is_accounted:
                services.audit_log.note(call)

        async def send_noting(message: Message) -> None:
            nonlocal status, position
            if message["type"] == "http.response.start":
                status = message["status"]
                given = MutableScopeHeaders.from_message(message).get("x-event-position")
                position = int(given) if given is not None else None
            elif message["type"] == "http.response.body" and not message.get("more_body"):
                note()  # before the client can ask for it
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            if not noted:
                note()


def _call(
    scope: HTTPScope, created_at: datetime, began: float, status: int, position: int | None
) -> Call:
    is_known_method = scope["method"] in HTTPMethod.__members__
    return Call(
        created_at=created_at,
        actor=sender_of(scope).actor,
        method=scope["method"] if is_known_method else "OTHER",
        route=scope.get("path_template"),
        path=_path(scope),
        status_code=status,
        duration_ms=round((time.perf_counter() - began) * 1000, 2),
        request_id=request_id_of(scope),
        event_position=position,
    )


def _path(scope: HTTPScope) -> str | None:
    """Give the path if its route is known and takes nothing but integer ids in it."""
    template = scope.get("path_template")
    if template is None:
        return None
    taken = scope["route_handler"].parsed_fn_signature.parameters
    for name, value in scope["path_params"].items():
        is_integer = name in taken and taken[name].annotation is int
        if not is_integer or not INTEGER.fullmatch(value):
            return None
    return template.format_map(scope["path_params"])

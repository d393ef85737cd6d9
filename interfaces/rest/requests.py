"""What surrounds every request: its id, and the headers of every response."""

import re
from uuid import uuid4

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)

Receivable = HTTPReceiveMessage | WebSocketReceiveMessage

REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # What was read may be erased; no copy may outlive that.
    "Cache-Control": "no-store",
}


def request_id_of(scope: Scope) -> str:
    """Give the id of the request that is under way."""
    request_id: str = scope["state"]["request_id"]
    return request_id


class RequestContext:
    """Wraps the whole application, so that no response goes without its request id.

    A request brings its own id in ``X-Request-ID`` or gets one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in (ScopeType.HTTP, ScopeType.WEBSOCKET):
            await self._app(scope, receive, send)
            return
        request_id = _given_request_id(scope) or str(uuid4())
        scope["state"] = {"request_id": request_id}
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope["type"] == ScopeType.HTTP:
                await self._answer(request_id, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    async def _answer(self, request_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        unread = _has_body(scope)

        async def receive_noting_the_end() -> Receivable:
            nonlocal unread
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                unread = False
            return message

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                headers["X-Request-ID"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                if unread:  # the connection ends here, and the client must not send more on it
                    headers["Connection"] = "close"
            await send(message)

        await self._app(scope, receive_noting_the_end, send_with_headers)


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def _given_request_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return None

"""Responses that are sent piece by piece: at each client's own pace, and none is waited for."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from interfaces.first_to_end import first_to_end

log = structlog.get_logger(__name__)

# A client that does not take what it is sent within this time is dropped.
SEND_SECONDS = 10.0


class PacedResponse(Response[str]):
    """A response that goes on for as long as its client takes it; it may need a seat.

    Litestar's own streams wait for their clients, without an end, and its own server-sent events
    are sent one by one. A client that is dropped can tell: what it got has no end.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        headers: Mapping[str, str],
        seat: AbstractContextManager[None] | None = None,
    ) -> None:
        super().__init__("", media_type=media_type, headers=dict(headers))
        self._chunks = chunks
        self._seat = seat or contextlib.nullcontext()

    def to_asgi_response(
        self,
        app: Litestar | None,  # noqa: ARG002 - Litestar names it
        request: Request[Any, Any, Any],  # noqa: ARG002
        **given: Any,
    ) -> ASGIResponse:
        """Make the response that is sent."""
        headers = (given.get("headers") or {}) | self.headers
        return _Sending(
            self._chunks, self._seat, headers=headers, media_type=self.media_type, status_code=200
        )


class _Sending(ASGIResponse):
    __slots__ = ("_chunks", "_seat")

    _should_set_content_length = False

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        seat: AbstractContextManager[None],
        **given: Any,
    ) -> None:
        super().__init__(**given)
        self._chunks = chunks
        self._seat = seat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, on its seat. Raises TooManyListenersError if there is none."""
        with self._seat:
            await super().__call__(scope, receive, send)

    async def send_body(self, send: Send, receive: Receive) -> None:
        """Send until the stream or the connection ends, or the client takes nothing more."""
        async with contextlib.aclosing(self._chunks):
            try:
                await first_to_end(self._send(send), _until_left(receive))
            except TimeoutError:
                log.info("slow_client_dropped", kind="http")

    async def _send(self, send: Send) -> None:
        async for chunk in self._chunks:
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_left(receive: Receive) -> None:
    """Return once the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass

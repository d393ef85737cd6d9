"""Server-sent events: to each client at its own pace, and none is waited for."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import structlog
from litestar import Litestar, Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from application.identity.grant import Grant
from application.live import LiveLog
from application.tailing import EventFilter
from interfaces.first_to_end import first_to_end
from interfaces.telling import Telling

log = structlog.get_logger(__name__)

# A client that does not take what it is sent within this time is dropped.
SEND_SECONDS = 10.0

# How often it is shown that the stream lives, and looked whether its client may still have it.
HEARTBEAT_SECONDS = 15.0

# After this time a client that was dropped comes back.
BEGINNING = b"retry: 2000\n\n"

# Frames are sent together up to so many bytes.
CHUNK_BYTES = 64 * 1024


async def frames(
    live: LiveLog[Telling], wanted: EventFilter, after: int, grant: Grant
) -> AsyncGenerator[bytes, None]:
    """Give what comes after a position until the server stops or the grant does not hold.

    Without an event for a while, a comment shows that the stream lives; the id with it moves over
    the events that are not wanted.
    """
    clock = asyncio.get_running_loop().time
    async with live.listening(wanted, after, by=grant.principal.stream_id) as listener:
        yield BEGINNING
        sent = checked = clock()
        while not live.is_stopping:
            tellings = await listener.take(HEARTBEAT_SECONDS)
            if listener.has_changed or clock() - checked >= HEARTBEAT_SECONDS:
                if not await grant.still_holds():
                    return
                listener.has_changed, checked = False, clock()
            for chunk in _chunks(tellings):
                yield chunk
                sent = clock()
            if clock() - sent >= HEARTBEAT_SECONDS:
                yield f": heartbeat\nid: {listener.position}\n\n".encode()
                sent = clock()


def _chunks(tellings: Sequence[Telling]) -> Iterator[bytes]:
    gathered: list[bytes] = []
    size = 0
    for telling in tellings:
        gathered.append(telling.frame)
        size += len(telling.frame)
        if size >= CHUNK_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


class EventStream(Response[str]):
    """A response that goes on for as long as its client takes it; it needs a seat.

    Litestar's own streams wait for their clients, without an end, and its own server-sent events
    are sent one by one.
    """

    MEDIA_TYPE: ClassVar[str] = "text/event-stream"

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], seat: AbstractContextManager[None]
    ) -> None:
        # The header asks nginx not to keep anything back.
        super().__init__("", media_type=self.MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        self._chunks = chunks
        self._seat = seat

    def to_asgi_response(
        self,
        app: Litestar | None,  # noqa: ARG002 - Litestar names it
        request: Request[Any, Any, Any],  # noqa: ARG002
        **given: Any,
    ) -> ASGIResponse:
        """Make the response that is sent."""
        headers = (given.get("headers") or {}) | self.headers
        return _Sending(
            self._chunks, self._seat, headers=headers, media_type=self.MEDIA_TYPE, status_code=200
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
                log.info("slow_client_dropped", kind="sse")

    async def _send(self, send: Send) -> None:
        async for chunk in self._chunks:
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_left(receive: Receive) -> None:
    """Return once the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass

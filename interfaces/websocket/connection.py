"""One WebSocket: sending within a time, receiving within limits, and closing with a reason."""

import asyncio
import contextlib
from collections import deque

from litestar.types import Receive, Send

SEND_SECONDS = 10.0
CLOSE_SECONDS = 2.0

MAX_CHARACTERS = 64 * 1024
MAX_MESSAGES = 100
WITHIN_SECONDS = 10.0

# Close codes of RFC 6455 and IANA's registry.
UNSUPPORTED = 1003
POLICY = 1008
TOO_BIG = 1009
INTERNAL = 1011
RESTART = 1012
TRY_LATER = 1013


class Closing(Exception):  # noqa: N818 - it is an end, and mostly no error
    """The connection is to be closed, with a code and a reason that its client may read."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class LeftError(Exception):
    """The client has closed the connection."""


class SlowClientError(Exception):
    """The client does not take what it is sent."""


class Connection:
    """An accepted WebSocket."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._sending = asyncio.Lock()
        self._received: deque[float] = deque(maxlen=MAX_MESSAGES)

    async def send(self, text: str) -> None:
        """Send a message. Raises SlowClientError if the client does not take it."""
        try:
            async with asyncio.timeout(SEND_SECONDS), self._sending:
                await self._send({"type": "websocket.send", "bytes": None, "text": text})
        except TimeoutError:
            raise SlowClientError from None

    async def receive(self, patience: float | None) -> str:
        """Receive a text; without an end, or for so many seconds.

        Raises LeftError if the client has left, Closing if it sends too much, too large messages,
        none in time, or bytes.
        """
        try:
            async with asyncio.timeout(patience):
                message = await self._receive()
        except TimeoutError:
            raise Closing(POLICY, "Nothing was said for too long without authentication") from None
        if message["type"] != "websocket.receive":
            raise LeftError
        text = message.get("text")
        if text is None:
            raise Closing(UNSUPPORTED, "Messages must be text")
        if len(text) > MAX_CHARACTERS:
            raise Closing(TOO_BIG, f"A message must not have more than {MAX_CHARACTERS} characters")
        self._count()
        return text

    async def close(self, closing: Closing) -> None:
        """Close the connection; whoever does not listen any more is not waited for."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send(
                    {"type": "websocket.close", "code": closing.code, "reason": closing.reason}
                )
                # A server that ends takes with it what it has not yet written.
                while (await self._receive())["type"] != "websocket.disconnect":
                    pass

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        if len(self._received) == MAX_MESSAGES and now - self._received[0] < WITHIN_SECONDS:
            raise Closing(
                POLICY, f"More than {MAX_MESSAGES} messages came within {WITHIN_SECONDS:g} s"
            )
        self._received.append(now)

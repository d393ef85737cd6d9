"""Talking to ``/ws`` as a client does."""

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.interfaces.api import Json
from tests.serving import Served

PATIENCE_SECONDS = 20


class Talk:
    """A WebSocket, with what is said on it taken as JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def say(self, message: str | bytes | Json) -> None:
        text = json.dumps(message) if isinstance(message, dict) else message
        self.socket.send(text)

    def hear(self, patience: float = PATIENCE_SECONDS) -> Json:
        """Wait for the next message, heartbeats left out."""
        deadline = time.monotonic() + patience
        while True:
            message: Json = json.loads(self.socket.recv(deadline - time.monotonic()))
            assert message.keys() >= {"type", "data", "timestamp"}
            if message["type"] != "heartbeat":
                return message

    def hear_of(self, *types: str) -> list[Json]:
        """Wait for messages of these types, in this order, and no others."""
        heard = [self.hear() for _ in types]
        assert tuple(message["type"] for message in heard) == types
        return heard

    def ask(self, message: str | Json) -> Json:
        self.say(message)
        return self.hear()

    def hears_nothing(self) -> bool:
        """Tell whether there is nothing to hear but the answer to a ping."""
        answer: str = self.ask({"type": "ping"})["type"]
        return answer == "pong"

    def ended(self) -> int | None:
        """Wait until the connection ends; give the code, None if its server was gone before."""
        with pytest.raises(ConnectionClosed) as closed:
            self._hear_all()
        return closed.value.rcvd.code if closed.value.rcvd is not None else None

    def ends_with(self) -> tuple[int, str]:
        """Wait until the server closes; give the code and the reason."""
        with pytest.raises(ConnectionClosed) as closed:
            self._hear_all()
        received = closed.value.rcvd
        assert received is not None
        return received.code, received.reason

    def _hear_all(self) -> None:
        while True:
            self.socket.recv(PATIENCE_SECONDS)


def address(served: Served, query: str = "") -> str:
    return served.url.replace("http", "ws", 1) + "/ws" + (f"?{query}" if query else "")


@contextlib.contextmanager
def talking(
    served: Served, query: str = "", *, origin: str | None = None, **headers: str
) -> Iterator[Talk]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    options: dict[str, Any] = {"additional_headers": named, "origin": origin, "compression": None}
    with connect(address(served, query), **options) as socket:
        yield Talk(socket)


@contextlib.contextmanager
def known(served: Served, key: str, query: str = "") -> Iterator[Talk]:
    """Talk as somebody who has been let in."""
    with talking(served, query, X_API_Key=key) as talk:
        assert talk.hear()["type"] == "authentication_success"
        yield talk

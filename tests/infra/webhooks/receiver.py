"""A receiver of webhooks: a real server that answers as it is told, and keeps what it got."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec

HANG_SECONDS = 30.0


class Received(NamedTuple):
    """A request as it came: the raw body, and the headers in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = msgspec.json.decode(self.body)
        return message

    @property
    def delivery_id(self) -> str:
        return str(self.message["delivery_id"])


Answer = int | str
"""A status, or what to do instead: hang, drip, endless, half, reset."""

Decide = Callable[[Received], Answer]


@dataclass
class Receiver:
    """Answers by path, of which the last one repeats; or as ``decide`` does, where it is given."""

    port: int = 0
    scheme: str = "http"
    decide: Decide | None = None
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hook") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        return [received for received in self.received if received.path == path]

    def answer(self, received: Received) -> Answer:
        if self.decide is not None:
            return self.decide(received)
        answers = self.answers.get(received.path, [200])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def wait_for(self, count: int, path: str = "/hook", seconds: float = 20.0) -> list[Received]:
        """Give what came, once so many requests have."""
        deadline = time.monotonic() + seconds
        while len(self.at(path)) < count:
            assert time.monotonic() < deadline, f"{len(self.at(path))} of {count} requests"
            time.sleep(0.02)
        return self.at(path)


@contextlib.contextmanager
def receiving(
    tls: ssl.SSLContext | None = None, *, port: int = 0, decide: Decide | None = None
) -> Iterator[Receiver]:
    """Receive until the block ends, on any free port or a given one."""
    receiver = Receiver(scheme="http" if tls is None else "https", decide=decide)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.path, headers, body, time.monotonic())
            receiver.received.append(received)
            self.close_connection = True
            with contextlib.suppress(OSError):
                _answer(self, receiver, receiver.answer(received))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ended.set()
        server.shutdown()
        server.socket.close()
        thread.join()


def _answer(  # noqa: C901 - one case each
    handler: BaseHTTPRequestHandler, receiver: Receiver, answer: Answer
) -> None:
    match answer:
        case "hang":
            receiver.ended.wait(HANG_SECONDS)
        case "reset":
            handler.connection.shutdown(socket.SHUT_RDWR)
        case "half":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")
        case "drip":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not receiver.ended.wait(0.05):
                handler.wfile.write(b".")
        case "drip headers":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not receiver.ended.wait(0.05):
                handler.wfile.write(b"X-More: yes\r\n")
        case "endless":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not receiver.ended.is_set():
                handler.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
        case "nonsense":
            handler.wfile.write(b"\x00\x01 no HTTP at all\r\n\r\n")
        case _:
            handler.send_response(int(answer))
            for name, value in receiver.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"ok")

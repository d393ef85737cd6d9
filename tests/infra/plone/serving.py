"""Serves a site over HTTP, on a port of its own, with the faults that it was given."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from tests.infra.plone.site import Request, Site

HANG_SECONDS = 30.0


class SiteServer(ThreadingHTTPServer):
    """A server of one site."""

    daemon_threads = True

    def __init__(self, site: Site) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.site = site

    def handle_error(self, *_: Any) -> None:
        """Say nothing about a client that has had enough."""


class Handler(BaseHTTPRequestHandler):
    """Answers as the site does, or as its next fault has it."""

    protocol_version = "HTTP/1.1"
    server: SiteServer

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        self.server.site.requests.append(request)
        with contextlib.suppress(OSError):
            self._send(request, self._fault())

    def _fault(self) -> int | str | None:
        site = self.server.site
        is_faulty = self.command == site.faulty_method and "@login" not in self.path
        return site.faults.pop(0) if site.faults and is_faulty else None

    def _send(self, request: Request, fault: int | str | None) -> None:
        match fault:
            case None:
                status, answer = self.server.site.answer(request)
                self._write(status, msgspec.json.encode(answer))
            case int():
                self._write(fault, b"<html>no JSON</html>")
            case "hang":
                self.server.site.ended.wait(HANG_SECONDS)
            case "half":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")
                self.close_connection = True
            case "endless":
                self._write(200, b" " * 2_000_000)
            case _:
                self._write(200, fault.encode())

    def _write(self, status: int, text: bytes) -> None:
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"{self.server.site.url}/elsewhere")
        self.send_header("Set-Cookie", "__ac=a-session-of-somebody; Path=/")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextlib.contextmanager
def serving() -> Iterator[Site]:
    """Serve a site until the block ends, on any free port."""
    site = Site()
    server = SiteServer(site)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.ended.set()
        server.shutdown()
        server.socket.close()
        thread.join()

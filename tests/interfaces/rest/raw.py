"""Requests that no decent client would send."""

import socket
from urllib.parse import urlsplit

import httpx

from tests.serving import ADMIN_KEY, Served


def send_raw(
    served: Served, target: bytes, *headers: bytes, method: bytes = b"GET", key: str = ADMIN_KEY
) -> httpx.Response:
    """Send a request byte by byte as given, with an API key, and read the response."""
    address = urlsplit(served.url)
    lines = [
        method + b" " + target + b" HTTP/1.1",
        b"X-API-Key: " + key.encode(),
        b"Connection: close",
        *headers,
    ]
    if not any(header.lower().startswith(b"host:") for header in headers):
        lines.append(b"Host: test")
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        received = b""
        while part := connection.recv(65_536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *fields = head.split(b"\r\n")
    return httpx.Response(
        int(status_line.split()[1]),
        headers=[(name, value) for name, _, value in (f.partition(b": ") for f in fields)],
        content=body,
    )

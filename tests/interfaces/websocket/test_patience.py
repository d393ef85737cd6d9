"""Nobody is waited for who takes nothing, and nobody stays whose token has expired."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import jwt

from tests.interfaces.api import PASSWORD, Api
from tests.interfaces.conftest import fresh_database
from tests.interfaces.websocket.talking import talking
from tests.serving import ADMIN_KEY, Served, serving

SECRET = "a secret of tests only, long enough"
GET = "GET {} HTTP/1.1\r\nHost: {}\r\nX-API-Key: {}\r\n{}\r\n"
CLOSE = "Connection: close\r\n"
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\n"
)


def test_slow_clients_are_dropped_and_expired_tokens_let_nobody_stay(
    postgres_url: str, tmp_path: Path
) -> None:
    with (
        fresh_database(postgres_url) as database,
        serving(tmp_path, database_url=database, JWT_SECRET_KEY=SECRET) as served,
        served.client() as client,
    ):
        api = Api(client)
        for _ in range(30):
            api.create_process(meta={"text": "x" * 900_000})
        user = api.register(roles=["user"])
        token = api.log_in(user["username"], PASSWORD).json()["access_token"]
        claims = jwt.decode(token, SECRET, algorithms=["HS256"])
        short = jwt.encode(claims | {"exp": int(time.time()) + 2}, SECRET, algorithm="HS256")
        slow = [
            _asks(served, "/api/v1/events/stream", CLOSE),
            _asks(served, "/ws?after=0", UPGRADE),
        ]
        with talking(served, f"token={short}") as talk:
            talk.hear_of("authentication_success")
            assert talk.ends_with() == (1008, "The credentials do not hold any more")

        wait_until(lambda: served.log.read_text().count("slow_client_dropped") >= 2)
        for connection in slow:
            with connection:
                assert _is_cut_off(connection)
        with talking(served, X_API_Key=ADMIN_KEY) as talk:
            talk.hear_of("authentication_success")


def _asks(served: Served, path: str, headers: str) -> socket.socket:
    """Ask for more than fits on the way, and take nothing of it."""
    address = httpx.URL(served.url)
    connection = socket.create_connection((address.host, address.port), timeout=30)
    connection.sendall(GET.format(path, address.netloc.decode(), ADMIN_KEY, headers).encode())
    return connection


def _is_cut_off(connection: socket.socket) -> bool:
    """Tell whether there is an end to what comes, long before all of it.

    The WebSocket itself may stay until its client answers the closing, with nothing more on it.
    """
    connection.settimeout(3)
    received = 0
    try:
        while chunk := connection.recv(1024 * 1024):
            received += len(chunk)
    except (ConnectionResetError, TimeoutError):
        pass
    return received < 25_000_000


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)

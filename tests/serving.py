"""A real ``annals serve`` in a process of its own, reached over real HTTP."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.starting import Process, run, start

ADMIN_KEY = "pd_tests-only-tests-only-tests-only-tests"
ADMIN_PASSWORD = "correct horse battery staple"
START_SECONDS = 30

# For clients that speak plain HTTP: to read the system's authorities costs more than many requests.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class Served:
    """A served Annals: where it is, who may do everything, and the process."""

    url: str
    process: Process
    log: Path
    environment: Mapping[str, str]

    def client(self, key: str | None = ADMIN_KEY) -> httpx.Client:
        """Give a client that sends an API key, by default the admin's."""
        headers = {"X-API-Key": key} if key is not None else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=NO_AUTHORITIES)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an ``annals`` command against the same database."""
        return run(*arguments, environment=self.environment)


@contextlib.contextmanager
def serving(
    home: Path,
    *,
    database_url: str | None = None,
    port: int | None = None,
    parts: str | None = None,
    **settings: str,
) -> Iterator[Served]:
    """Serve until the block ends; without a database URL on an embedded PostgreSQL in the home."""
    only = [] if parts is None else ["--only", parts]
    port = port or free_port()
    environment = dict(os.environ) | {
        "ANNALS_HOME": str(home),
        "API_HOST": "127.0.0.1",
        "API_PORT": str(port),
        "ADMIN_API_KEY": ADMIN_KEY,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "RATE_LIMIT_ENABLED": "false",
    }
    if database_url is not None:
        environment["DATABASE_URL"] = database_url
    environment |= settings
    log = home / f"serve-{port}.log"
    home.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = start("serve", *only, environment=environment, output=output)
    served = Served(f"http://127.0.0.1:{port}", process, log, environment)
    try:
        wait_until_healthy(served)
        yield served
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(START_SECONDS)


def wait_until_healthy(served: Served) -> None:
    """Wait until the server answers that it is healthy."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if served.process.poll() is not None:
            break
        with contextlib.suppress(httpx.TransportError):
            health = httpx.get(f"{served.url}/health", timeout=5, verify=NO_AUTHORITIES)
            if health.json()["status"] == "healthy":
                return
        time.sleep(0.05)
    raise AssertionError(f"annals serve did not become healthy:\n{served.log.read_text()}")


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

"""Commands a second over HTTP, next to what the same server does when it only echoes."""

import asyncio
import contextlib
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import msgspec

from infra.settings import Settings
from tests.benchmarks import echo
from tests.benchmarks.database import Ground
from tests.benchmarks.load import Order, Receipt
from tests.benchmarks.measuring import Comparison, Outcome, compare
from tests.benchmarks.workload import STEP_NAMES, start_of_run
from tests.serving import ADMIN_KEY, Served, free_port, serving

GOAL = 0.30
CONNECTIONS = (16, 32)
ROUNDS = 3
WARM_UP_SECONDS = 1.5
SECONDS = 5.0
BODIES = 2000
START_SECONDS = 30.0

CREATED = 201
RUNS = "/api/v1/runs/"
PROJECT = Path(__file__).parents[2]


async def measure_http(ground: Ground) -> Outcome:
    """Compare starting runs with echoing, each served alone in a process of its own."""
    settings = ground.settings()
    comparisons: list[Comparison] = []
    for connections in CONNECTIONS:
        ours = Side(lambda: _annals(settings), connections)
        bare = Side(_echo, connections)
        comparison = await compare(
            f"{connections} connections",
            ours.rate,
            bare.rate,
            rounds=ROUNDS,
            goal=GOAL,
            warm_up=False,
        )
        comparison.details = {
            "p50 / p95 ms": ours.latency,
            "echo p50 / p95 ms": bare.latency,
            "client busy": f"{ours.busy} / {bare.busy}",
        }
        comparisons.append(comparison)
    return Outcome(
        name="http",
        title="Commands over HTTP: POST /api/v1/runs/",
        unit="commands/s",
        ours="Annals",
        other="echo",
        comparisons=comparisons,
        notes=f"""
        Annals: `annals serve` as shipped (one worker, projector on, logs at INFO into a file), but
        for the rate limits; API key authentication, a process of three steps, a body of
        {len(_body(1, 1))} bytes; fsync on, synchronous_commit on.

        Echo: Litestar on granian with the same settings, one worker, the same body; no
        authentication, no middleware, no database.

        Load: a process of its own, {SECONDS:.0f} s after {WARM_UP_SECONDS} s of warm-up, each time
        on a fresh server process; the other side's server is not running then. "Client busy" is the
        share of its time that the load generator worked, at most.
        """,
    )


class Side:
    """One of the two servers under load, and what was measured of it besides the rate."""

    def __init__(
        self, served: Callable[[], AbstractContextManager["Target"]], connections: int
    ) -> None:
        self._served = served
        self._connections = connections
        self._receipts: list[Receipt] = []

    async def rate(self) -> float:
        """Serve, put on the load, stop; give the requests a second."""
        return await asyncio.to_thread(self._rate)

    @property
    def latency(self) -> str:
        """The medians of the rounds' p50 and p95."""
        p50 = statistics.median(receipt.p50_ms for receipt in self._receipts)
        p95 = statistics.median(receipt.p95_ms for receipt in self._receipts)
        return f"{p50:.1f} / {p95:.1f}"

    @property
    def busy(self) -> str:
        """How busy the client was, at most."""
        return f"{max(receipt.client_busy for receipt in self._receipts):.0%}"

    def _rate(self) -> float:
        with self._served() as target:
            order = Order(
                port=target.port,
                connections=self._connections,
                warm_up_seconds=WARM_UP_SECONDS,
                seconds=SECONDS,
                expected_status=CREATED,
                requests=target.requests,
            )
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.load"],
                input=msgspec.json.encode(order),
                stdout=subprocess.PIPE,
                cwd=PROJECT,
                check=True,
            )
        receipt = msgspec.json.decode(done.stdout, type=Receipt)
        self._receipts.append(receipt)
        return receipt.rate


class Target(msgspec.Struct, frozen=True):
    """Where a server listens, and what to send there."""

    port: int
    requests: list[bytes]


@contextlib.contextmanager
def _annals(settings: Settings) -> Iterator[Target]:
    """Serve Annals with a process of its own for this round, and nothing left to project."""
    assert settings.annals_master_key is not None
    with serving(
        settings.annals_home,
        database_url=settings.database_url,
        ANNALS_MASTER_KEY=settings.annals_master_key,
    ) as served:
        process_id = _new_process(served)
        port = httpx.URL(served.url).port
        assert port is not None
        key = f"X-API-Key: {ADMIN_KEY}\r\n"
        yield Target(port, [request_to_start(RUNS, n, process_id, key) for n in range(BODIES)])


@contextlib.contextmanager
def _echo() -> Iterator[Target]:
    """Serve the bare route."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.echo", str(port)],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_open(port, process)
        yield Target(port, [request_to_start(echo.PATH, n, 1, "") for n in range(BODIES)])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


def _new_process(served: Served) -> int:
    with served.client() as client:
        process = client.post("/api/v1/processes/", json={"name": "Onboarding"}).json()
        for index, name in enumerate(STEP_NAMES, start=1):
            step = {"process_id": process["id"], "index": index, "name": name}
            assert client.post("/api/v1/steps/", json=step).status_code == CREATED
        while client.get(RUNS, params={"size": 1}).status_code != httpx.codes.OK:
            time.sleep(0.1)  # the projector has something left from the round before
    process_id: int = process["id"]
    return process_id


def _body(number: int, process_id: int) -> bytes:
    return msgspec.json.encode({"process_id": process_id} | start_of_run(number))


def request_to_start(path: str, number: int, process_id: int, headers: str) -> bytes:
    """Write a request that starts a run, with these further headers."""
    body = _body(number, process_id)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the echo server did not start")

"""A load generator that costs little: prepared bytes out, responses told apart by their length.

``python -m tests.benchmarks.load`` reads an ``Order`` as JSON from standard input and writes a
``Receipt`` to standard output. It runs in a process of its own and tells how busy it was, so that
it can be seen that what was measured is the server.
"""

import asyncio
import itertools
import re
import sys
import time
from collections.abc import Iterator
from typing import cast

import msgspec
import uvloop

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
END_OF_HEAD = b"\r\n\r\n"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent, over how many connections, and for how long; one response at a time."""

    port: int
    connections: int
    warm_up_seconds: float
    seconds: float
    expected_status: int
    requests: list[bytes]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What came back within the time measured, and how much of it the client was at work."""

    rate: float
    p50_ms: float
    p95_ms: float
    client_busy: float


class Load:
    """The requests under way over all connections, and what was measured of them."""

    def __init__(self, order: Order) -> None:
        self.requests: Iterator[bytes] = itertools.cycle(order.requests)
        self.status = b"HTTP/1.1 %d" % order.expected_status
        self.latencies: list[float] = []
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Connection(asyncio.Protocol):
    """One connection that is kept alive: sends the next request when the response is complete."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._received = b""
        self._missing = 0
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take in a part of a response, most often all of it."""
        if self._missing:
            self._missing -= len(data)
        else:
            self._received += data
            end = self._received.find(END_OF_HEAD)
            if end < 0:
                return
            self._missing = self._length(end) - (len(self._received) - end - len(END_OF_HEAD))
            self._received = b""
        if self._missing <= 0:
            self._missing = 0
            self._load.latencies.append(time.perf_counter() - self._sent)
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """Make the measurement fail: the server should have kept the connection."""
        self._fail(f"connection lost: {error}")

    def _length(self, end: int) -> int:
        head = self._received[: end + len(END_OF_HEAD)]
        length = LENGTH.search(head)
        if not head.startswith(self._load.status) or length is None:
            self._fail(self._received.decode(errors="replace"))
            return 0
        return int(length[1])

    def _fail(self, reason: str) -> None:
        if not self._load.failed.done():
            self._load.failed.set_exception(RuntimeError(reason))

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(next(self._load.requests))


async def carry_out(order: Order) -> Receipt:
    """Put the load on the server. Raises RuntimeError if a response is not as expected."""
    load = Load(order)
    loop = asyncio.get_running_loop()
    for _ in range(order.connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", order.port)
    await _let_run(load, order.warm_up_seconds)
    load.latencies.clear()
    began, worked = time.perf_counter(), time.process_time()
    await _let_run(load, order.seconds)
    taken, busy = time.perf_counter() - began, time.process_time() - worked
    latencies = sorted(load.latencies)
    return Receipt(
        rate=len(latencies) / taken,
        p50_ms=latencies[len(latencies) // 2] * 1000,
        p95_ms=latencies[len(latencies) * 95 // 100] * 1000,
        client_busy=busy / taken,
    )


async def _let_run(load: Load, seconds: float) -> None:
    done, _ = await asyncio.wait([load.failed], timeout=seconds)
    for failed in done:
        failed.result()


if __name__ == "__main__":
    given = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(carry_out(given))))

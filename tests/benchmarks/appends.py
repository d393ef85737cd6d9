"""Single events appended a second, by more and more writers at once."""

import asyncio
import functools
import itertools
import os
import threading
import time
from typing import Self

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder

from application.metadata import by_system
from application.ports import EventStore
from tests.benchmarks.database import Ground, annals
from tests.benchmarks.measuring import Comparison, Outcome, compare
from tests.benchmarks.stock import stock_datastore
from tests.benchmarks.workload import new_run

GOALS = {1: 1.5, 8: 4.0, 32: 8.0}
ROUNDS = 5
SECONDS = 2.0
SIZING_EVENTS = 100

PAYLOAD_SIZE = "SELECT avg(octet_length(state) + octet_length(protected))::int FROM events"


async def measure_appends(ground: Ground) -> Outcome:
    """Compare the event store with the recorder at each number of writers."""
    settings = ground.settings()
    assert settings.database_url is not None
    comparisons: list[Comparison] = []
    numbers = itertools.count(1)
    async with annals(settings) as services:
        ours = Ours(services.store, numbers)
        for _ in range(SIZING_EVENTS):
            await ours.append()
        payload = os.urandom(_payload_size(settings.database_url))
        for writers, goal in GOALS.items():
            with Stock(ground.new_database(), writers, payload) as stock:
                comparisons.append(
                    await compare(
                        f"{writers} concurrent writer{'s' if writers > 1 else ''}",
                        functools.partial(ours.rate, writers),
                        stock.rate,
                        rounds=ROUNDS,
                        goal=goal,
                    )
                )
    return Outcome(
        name="appends",
        title="Appending single events",
        unit="events/s",
        ours="Annals event store",
        other="stock recorder",
        comparisons=comparisons,
        notes=f"""
        Annals: PostgresEventStore.save of a new RunStarted, made within the measurement; personal
        fields encrypted under a new data key, metadata, hash chain; one asyncio process on uvloop,
        a task for each writer.

        Stock: PostgresApplicationRecorder.insert_events of the eventsourcing library, table lock,
        no database functions; a thread and a connection for each writer; a payload of
        {len(payload)} bytes, as large as payload and ciphertext of ours; no metadata, no
        encryption, no chain.

        Both: fsync on, synchronous_commit on, the same server.
        """,
    )


class Ours:
    """Annals' event store at work."""

    def __init__(self, store: EventStore, numbers: "itertools.count[int]") -> None:
        self._store = store
        self._numbers = numbers
        self._metadata = by_system("benchmark")

    async def append(self) -> None:
        """Record a new run."""
        await self._store.save(new_run(next(self._numbers)), metadata=self._metadata)

    async def rate(self, writers: int) -> float:
        """Let so many tasks append for a while; give the events a second."""
        began = time.perf_counter()
        counts = await asyncio.gather(*(self._write(began + SECONDS) for _ in range(writers)))
        return sum(counts) / (time.perf_counter() - began)

    async def _write(self, until: float) -> int:
        written = 0
        while time.perf_counter() < until:
            await self.append()
            written += 1
        return written


class Stock:
    """The library's recorder at work."""

    def __init__(self, url: str, writers: int, payload: bytes) -> None:
        self._datastore = stock_datastore(url, pool_size=writers)
        self._recorder = PostgresApplicationRecorder(self._datastore)
        self._recorder.create_table()
        self._writers = writers
        self._payload = payload
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._datastore.close()

    async def rate(self) -> float:
        """Let the threads append for a while; give the events a second."""
        return await asyncio.to_thread(self._rate)

    def _rate(self) -> float:
        counts: list[int] = []
        began = time.perf_counter()
        threads = [
            threading.Thread(target=lambda: counts.append(self._write(began + SECONDS)))
            for _ in range(self._writers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(counts) == self._writers, "a writer has failed"
        return sum(counts) / (time.perf_counter() - began)

    def _write(self, until: float) -> int:
        written = 0
        while time.perf_counter() < until:
            stream_id = f"run-{next(self._numbers)}"
            self._recorder.insert_events([StoredEvent(stream_id, 1, "RunStarted", self._payload)])
            written += 1
        return written


def _payload_size(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(PAYLOAD_SIZE).fetchone()
    assert row is not None
    size: int = row[0]
    return size

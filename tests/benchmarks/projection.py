"""Events applied a second by the projection of runs, catching up with a log from its beginning."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from random import Random

import psycopg
from eventsourcing.projection import ProjectionRunner
from psycopg import sql

from application.metadata import by_system
from application.ports import EventStore
from domain.events import DomainEvent
from domain.runs.run import Run
from infra.event_store.reader import LogReader
from infra.postgres.connections import connection_pool, connector
from infra.postgres.signals import Signals
from infra.projections.installation import install
from infra.projections.projector import Projector
from infra.settings import Settings
from interfaces.composition import keyring
from projections.runs.projection import runs
from tests.benchmarks.database import Ground, annals, settle
from tests.benchmarks.measuring import Outcome, compare
from tests.benchmarks.stock import StockRuns, stock_environment
from tests.benchmarks.stock_projection import StockProjection, StockView, make_tables
from tests.benchmarks.workload import go_through, new_run

EVENTS = 100_000
STOCK_EVENTS = 3_000
ROUNDS = 3
GOAL = 20.0

WRITERS = 8
RUNS_UNDER_WAY = 20
REPORTING = 0.5
PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.005

# The library hangs on more than a megabyte at once.
STORED_AT_ONCE = 100


async def measure_projection(ground: Ground) -> Outcome:
    """Compare the projector with the library's runner, with its commits as shipped and faster."""
    settings = ground.settings()
    async with annals(settings) as services:
        await _fill(services.store)
    ours = Ours(settings)
    sample = await ours.first_events(STOCK_EVENTS)
    comparisons = [
        await compare(case, ours.rate, stock.rate, rounds=ROUNDS, goal=goal)
        for case, stock, goal in (
            ("as each ships", Stock(ground.new_database(), sample, "on"), GOAL),
            ("runner with commits not awaited", Stock(ground.new_database(), sample, "off"), None),
        )
    ]
    return Outcome(
        name="projection",
        title="Catching up with the log: the projection of runs",
        unit="events/s",
        ours="Annals projector",
        other="stock runner",
        comparisons=comparisons,
        notes=f"""
        Annals: Projector with the projection of runs alone, from position 0 to {ours.head}; events
        decrypted; pages of 1000, one transaction each with its checkpoint;
        synchronous_commit on, as shipped.

        Stock: ProjectionRunner with a PostgresTrackingRecorder over the first {len(sample)} of the
        same events, stored unencrypted by the stock recorder and read with msgspec; the same tables
        and indexes, one transaction for each event; synchronous_commit on, as shipped; in the last
        row off.

        The log: {ours.head} events of runs with three steps, {WRITERS * RUNS_UNDER_WAY} runs under
        way at any time. Each side measured from connecting to the last event.
        """,
    )


class Ours:
    """Annals' projector, with nothing else in its process."""

    def __init__(self, settings: Settings) -> None:
        assert settings.database_url is not None
        self._conninfo = settings.database_url
        self._keyring = keyring(settings)
        with psycopg.connect(self._conninfo) as connection:
            row = connection.execute("SELECT position FROM log_head").fetchone()
        assert row is not None
        self.head: int = row[0]

    async def first_events(self, size: int) -> list[DomainEvent]:
        """Give the first events of the log."""
        async with connection_pool(self._conninfo, 2) as pool:
            page = await LogReader(pool, self._keyring).page(0, size)
        return [recorded.event for recorded in page.events]

    async def rate(self) -> float:
        """Make the read model anew; give the events a second."""
        with psycopg.connect(self._conninfo) as connection:
            connection.execute("DELETE FROM checkpoints WHERE projection = %s", (runs.name,))
        install(self._conninfo, [runs])
        settle(self._conninfo)
        async with connection_pool(self._conninfo, 2) as pool:
            signals = Signals(connector(self._conninfo, "signals"))
            projector = Projector(
                connector(self._conninfo, "projector"),
                LogReader(pool, self._keyring),
                signals,
                [runs],
            )
            began = time.perf_counter()
            async with projector.running():
                await signals.wait_beyond(runs.id, self.head - 1, PATIENCE_SECONDS)
                taken = time.perf_counter() - began
        assert signals.position(runs.id) == self.head, "the projector has not caught up"
        return self.head / taken


class Stock:
    """The library's projection runner."""

    def __init__(self, url: str, events: Sequence[DomainEvent], synchronous_commit: str) -> None:
        self._url = url
        self._events = len(events)
        with psycopg.connect(url, autocommit=True) as connection:
            database = sql.Identifier(connection.info.dbname)
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET synchronous_commit TO {}").format(
                    database, sql.Literal(synchronous_commit)
                )
            )
        application = StockRuns(stock_environment(url))
        stored = [application.mapper.to_stored_event(event) for event in events]
        for first in range(0, len(stored), STORED_AT_ONCE):
            application.recorder.insert_events(stored[first : first + STORED_AT_ONCE])
        self._head = application.recorder.max_notification_id() or 0
        application.close()

    async def rate(self) -> float:
        """Make the read model anew; give the events a second."""
        make_tables(self._url)
        settle(self._url)
        return await asyncio.to_thread(self._rate)

    def _rate(self) -> float:
        environment = stock_environment(self._url)
        began = time.perf_counter()
        with ProjectionRunner(
            application_class=StockRuns,
            projection_class=StockProjection,
            view_class=StockView,
            env=environment,
        ) as runner:
            while runner.view.position < self._head and not runner.is_interrupted.is_set():
                time.sleep(LOOK_SECONDS)
            taken = time.perf_counter() - began
        return self._events / taken


async def _fill(store: EventStore) -> None:
    """Record runs from start to end, many under way at a time, until there are enough events."""
    numbers = itertools.count(1)
    position = 0

    async def write(seed: int) -> None:
        nonlocal position
        chance = Random(seed)  # noqa: S311 - the same log every time
        metadata = by_system(f"benchmark-{seed}")
        under_way: list[tuple[Run, Iterator[None]]] = []
        while position < EVENTS:
            ended = [life for _, life in under_way if chance.random() < REPORTING and _ends(life)]
            while len(under_way) < RUNS_UNDER_WAY:
                run = new_run(next(numbers))
                under_way.append((run, go_through(run, chance)))
            position = await store.save(*(run for run, _ in under_way), metadata=metadata)
            under_way = [(run, life) for run, life in under_way if life not in ended]

    await asyncio.gather(*(write(seed) for seed in range(WRITERS)))


def _ends(life: Iterator[None]) -> bool:
    return next(life, True) is True

"""All metrics in Prometheus's text format."""

import asyncio
import contextlib
import platform
from collections.abc import AsyncIterator, Iterable, Iterator

import psycopg
import psycopg_pool
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import AsyncConnectionPool

from application.metrics import Exposition
from application.projections.status import ProjectionStatuses
from infra.cancellation import cancelled_for_good
from infra.metrics.meter import HIT, MISS, PEEKS, WEBSOCKETS, PrometheusMeter
from infra.metrics.sharing import gathered
from infra.metrics.stored import read_stored

MEDIA_TYPE = "text/plain; version=0.0.4"

# How often each process looks at its pool, and how long a scrape waits for the database.
LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 2.0


class PrometheusMetrics:
    """Implements the application's Metrics port."""

    def __init__(
        self,
        meter: PrometheusMeter,
        pool: AsyncConnectionPool,
        statuses: ProjectionStatuses,
        version: str,
    ) -> None:
        self._meter = meter
        self._pool = pool
        self._statuses = statuses
        self._build = {"version": version, "python": platform.python_version()}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the task that looks at the pool."""
        task = asyncio.create_task(self._look(), name="metrics")
        try:
            yield
        finally:
            await cancelled_for_good(task)

    async def expose(self) -> Exposition:
        """Give all metrics; without a database, those that need none."""
        stored = await self._stored()
        content = await asyncio.to_thread(_render, self._meter.registry, stored)
        return Exposition(content, MEDIA_TYPE)

    def websocket_connections(self) -> int:
        """Tell how many WebSocket clients all processes of this start have."""
        registry = gathered(self._meter.registry)
        return int(registry.get_sample_value(WEBSOCKETS) or 0)

    def cache_hit_ratio(self) -> float | None:
        """Tell how often aggregates were in memory; None if none was ever asked for."""
        registry = gathered(self._meter.registry)
        hits, misses = (
            registry.get_sample_value(f"{PEEKS}_total", {"outcome": outcome}) or 0.0
            for outcome in (HIT, MISS)
        )
        return hits / (hits + misses) if hits + misses else None

    async def _look(self) -> None:
        while True:
            self._meter.look_at(self._pool)
            await asyncio.sleep(LOOK_SECONDS)

    async def _stored(self) -> list[Metric]:
        stored: list[Metric] = []
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                stored = await read_stored(self._pool, self._statuses, patience=PATIENCE_SECONDS)
        except (psycopg.Error, psycopg_pool.PoolTimeout, TimeoutError):
            up = False
        else:
            up = True
        return [
            InfoMetricFamily("annals_build", "What is served", value=self._build),
            GaugeMetricFamily(
                "annals_database_up", "Whether the database answered this scrape", value=up
            ),
            *stored,
        ]


class _Ready(Collector):
    """Hands on metrics that have been read."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _render(own: CollectorRegistry, stored: Iterable[Metric]) -> bytes:
    now = CollectorRegistry()
    now.register(_Ready(stored))
    return generate_latest(gathered(own)) + generate_latest(now)

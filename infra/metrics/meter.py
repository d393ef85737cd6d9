"""What a process measures of itself, kept by Prometheus's client."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from psycopg_pool import AsyncConnectionPool

REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
APPEND_SECONDS = (0.0005, *REQUEST_SECONDS)
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)

PEEKS = "annals_aggregate_peeks"
HIT, MISS = "hit", "miss"
WEBSOCKETS = "annals_websocket_connections"

# All paths without a route are one label: whoever sends requests could make up any number of them.
UNKNOWN = "unknown"


class PrometheusMeter:
    """Implements the application's Meter port, and what event store and webhook sender measure.

    With the values shared (see ``infra.metrics.sharing``) it measures for all processes.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "annals_http_request_seconds",
            "How long requests took until they were answered",
            ("method", "route", "status"),
            buckets=REQUEST_SECONDS,
            registry=self.registry,
        )
        self._refusals = Counter(
            "annals_rate_limit_refusals",
            "Requests that were refused as one too many, by the group that they count in",
            ("group",),
            registry=self.registry,
        )
        self._appends = Histogram(
            "annals_append_seconds",
            "How long commands waited for the event store's answer",
            buckets=APPEND_SECONDS,
            registry=self.registry,
        )
        self._commit_commands = Histogram(
            "annals_commit_commands",
            "How many commands one transaction of the event store recorded",
            buckets=BATCH_SIZES,
            registry=self.registry,
        )
        self._commit_events = Histogram(
            "annals_commit_events",
            "How many events one transaction of the event store recorded",
            buckets=BATCH_SIZES,
            registry=self.registry,
        )
        self._attempts = Counter(
            "annals_webhook_attempts",
            "Attempts to deliver webhooks, by how they ended",
            ("outcome",),
            registry=self.registry,
        )
        self._peeks = Counter(
            PEEKS,
            "How often an aggregate that was asked for was in memory",
            ("outcome",),
            registry=self.registry,
        )
        self._websockets = Gauge(
            WEBSOCKETS,
            "WebSocket clients that are connected",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self._connections = Gauge(
            "annals_pool_connections",
            "Connections of the pools to the database",
            ("state",),
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self._waiting = Gauge(
            "annals_pool_waiting",
            "How many wait for a connection of a pool",
            multiprocess_mode="livesum",
            registry=self.registry,
        )

    def answered(self, *, method: str, route: str | None, status: int, seconds: float) -> None:
        """Measure a request; ``route`` is a template like ``/runs/{run_id}``, None if unknown."""
        self._requests.labels(method, route or UNKNOWN, f"{status // 100}xx").observe(seconds)

    def refused(self, group: str) -> None:
        """Count a request that was one too many for its group."""
        self._refusals.labels(group).inc()

    def appended(self, seconds: float) -> None:
        """Note how long a command waited until it was answered, whatever the answer was."""
        self._appends.observe(seconds)

    def committed(self, *, commands: int, events: int) -> None:
        """Note how much one transaction has recorded."""
        self._commit_commands.observe(commands)
        self._commit_events.observe(events)

    def attempted(self, outcome: str) -> None:
        """Count an attempt to deliver a webhook by its outcome."""
        self._attempts.labels(outcome).inc()

    def peeked(self, *, is_hit: bool) -> None:
        """Note whether an aggregate that was asked for was in memory."""
        self._peeks.labels(HIT if is_hit else MISS).inc()

    def connected(self, change: int) -> None:
        """Count a WebSocket client that came, 1, or left, -1."""
        self._websockets.inc(change)

    def look_at(self, pool: AsyncConnectionPool) -> None:
        """Note how busy the pool is now."""
        stats = pool.get_stats()
        idle = stats.get("pool_available", 0)
        self._connections.labels("in_use").set(stats.get("pool_size", 0) - idle)
        self._connections.labels("idle").set(idle)
        self._waiting.set(stats.get("requests_waiting", 0))

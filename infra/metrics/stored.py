"""What the database tells of the present: the same whichever process is asked."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from psycopg_pool import AsyncConnectionPool

from application.jobs import JobStatus
from application.projections.status import ProjectionStatus, ProjectionStatuses
from infra.jobs.queue import STATUSES

HEAD = "SELECT position FROM log_head"

JOBS = """
SELECT task_name, status::text, count(*)
FROM jobs.procrastinate_jobs
GROUP BY task_name, status
"""

# Of those that have ended well only the attempts are counted, where they are made.
DELIVERIES = """
SELECT 'pending', count(*) FROM webhook_deliveries WHERE status = 'pending'
UNION ALL
SELECT 'dead', count(*) FROM webhook_deliveries WHERE status = 'dead'
"""

WEBHOOKS = "SELECT count(*) FILTER (WHERE is_active), count(*) FROM webhook_endpoints"


async def read_stored(
    pool: AsyncConnectionPool, statuses: ProjectionStatuses, *, patience: float
) -> list[Metric]:
    """Read all that is measured in the database. Raises psycopg's errors and PoolTimeout."""
    async with pool.connection(timeout=patience) as connection:
        [head] = await (await connection.execute(HEAD)).fetchone() or (0,)
        jobs = await (await connection.execute(JOBS)).fetchall()
        deliveries = await (await connection.execute(DELIVERIES)).fetchall()
        [active, webhooks] = await (await connection.execute(WEBHOOKS)).fetchone() or (0, 0)
    return [
        *_log(head),
        *_projections(await statuses.all()),
        *_jobs(jobs),
        *_webhooks(deliveries, active, webhooks - active),
    ]


def _log(head: int) -> Iterator[Metric]:
    yield GaugeMetricFamily("annals_log_position", "The position of the last event", value=head)


def _projections(statuses: Sequence[ProjectionStatus]) -> Iterator[Metric]:
    labels = ("projection", "kind")
    lag = GaugeMetricFamily(
        "annals_projection_lag_events", "Events that a projection has not applied", labels=labels
    )
    seconds = GaugeMetricFamily(
        "annals_projection_lag_seconds",
        "How long ago the first event was recorded that a projection has not applied",
        labels=labels,
    )
    parked = GaugeMetricFamily(
        "annals_parked_streams", "Streams that a projection cannot follow", labels=labels
    )
    for status in statuses:
        values = (status.name, status.kind)
        lag.add_metric(values, status.lag)
        seconds.add_metric(values, status.lag_seconds)
        parked.add_metric(values, status.parked_streams)
    yield from (lag, seconds, parked)


def _jobs(rows: Iterable[tuple[str, str, int]]) -> Iterator[Metric]:
    counts: defaultdict[str, dict[JobStatus, int]] = defaultdict(
        lambda: dict.fromkeys(JobStatus, 0)
    )
    for kind, status, count in rows:
        counts[kind][STATUSES[status]] += count
    jobs = GaugeMetricFamily(
        "annals_jobs", "Jobs that are kept, by what has become of them", labels=("kind", "state")
    )
    for kind, by_state in counts.items():
        for state, count in by_state.items():
            jobs.add_metric((kind, state), count)
    yield jobs


def _webhooks(
    deliveries: Iterable[tuple[str, int]], active: int, disabled: int
) -> Iterator[Metric]:
    queued = GaugeMetricFamily(
        "annals_webhook_deliveries",
        "Deliveries of webhooks that are not through: pending, or dead after all retries",
        labels=("status",),
    )
    for status, count in deliveries:
        queued.add_metric((status,), count)
    webhooks = GaugeMetricFamily(
        "annals_webhooks", "Registered webhooks, by whether anything is sent", labels=("state",)
    )
    webhooks.add_metric(("active",), active)
    webhooks.add_metric(("disabled",), disabled)
    yield from (queued, webhooks)

"""How far each projection and subscription is behind the head of the log."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import namedtuple_row
from psycopg_pool import AsyncConnectionPool

from application.projections.status import (
    ProjectionKind,
    ProjectionState,
    ProjectionStatus,
    RebuildStatus,
)
from application.subscription import Subscription
from infra.projections.follower import Follower

STATUS = """
SELECT known.projection,
       known.kind,
       known.version,
       COALESCE(c.position, 0) AS position,
       h.position - COALESCE(c.position, 0) AS lag,
       c.progress_at,
       (
           SELECT count(*)
           FROM parked_streams AS p
           WHERE p.projection = c.projection
             AND p.projection_version = c.version
             AND p.copy = 'live'
       ) AS parked_streams,
       c.last_error,
       (
           SELECT e.recorded_at
           FROM events AS e
           WHERE e.notification_id = COALESCE(c.position, 0) + 1
       ) AS waiting_since,
       r.position AS rebuilt_to,
       r.progress_at AS rebuilt_at,
       r.last_error AS stopped_by
FROM unnest(%s::text[], %s::text[], %s::integer[]) AS known (projection, kind, version)
CROSS JOIN log_head AS h
LEFT JOIN checkpoints AS c
    ON c.projection = known.projection AND c.version = known.version AND c.copy = 'live'
LEFT JOIN checkpoints AS r
    ON r.projection = known.projection AND r.version = known.version AND r.copy = 'rebuild'
ORDER BY known.kind, known.projection
"""

# Contract section 13.
STALE_AFTER_SECONDS = 30


class PostgresProjectionStatuses:
    """Implements the application's ProjectionStatuses port, for the versions known here."""

    def __init__(self, pool: AsyncConnectionPool, followers: Sequence[Follower]) -> None:
        self._pool = pool
        self._known = (
            [follower.name for follower in followers],
            [_kind_of(follower) for follower in followers],
            [follower.version for follower in followers],
        )

    async def all(self) -> list[ProjectionStatus]:
        """Give the status of every projection and subscription.

        Each lags since the recorded time of the first event that it has not applied.
        """
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=namedtuple_row)
            rows = await (await cursor.execute(STATUS, self._known)).fetchall()
        now = datetime.now(UTC)
        return [_status(row, now) for row in rows]


def _kind_of(follower: Follower) -> ProjectionKind:
    is_subscription = isinstance(follower, Subscription)
    return ProjectionKind.SUBSCRIPTION if is_subscription else ProjectionKind.PROJECTION


def _status(row: Any, now: datetime) -> ProjectionStatus:
    lag_seconds = (now - row.waiting_since).total_seconds() if row.waiting_since else 0.0
    rebuild = None
    if row.rebuilt_to is not None:
        rebuild = RebuildStatus(
            position=row.rebuilt_to, progress_at=row.rebuilt_at, last_error=row.stopped_by
        )
    return ProjectionStatus(
        name=row.projection,
        kind=ProjectionKind(row.kind),
        version=row.version,
        position=row.position,
        lag=row.lag,
        lag_seconds=round(max(0.0, lag_seconds), 3),
        state=_state(row, lag_seconds),
        parked_streams=row.parked_streams,
        progress_at=row.progress_at,
        last_error=row.last_error,
        rebuild=rebuild,
    )


def _state(row: Any, lag_seconds: float) -> ProjectionState:
    if row.progress_at is None:
        return ProjectionState.NOT_BUILT
    if row.parked_streams:
        return ProjectionState.PARKED_STREAMS
    return ProjectionState.STALE if lag_seconds > STALE_AFTER_SECONDS else ProjectionState.LIVE

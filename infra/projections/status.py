"""How far each projection and subscription is behind the head of the log."""

from datetime import UTC, datetime

from psycopg_pool import AsyncConnectionPool

from application.ports import ProjectionKind, ProjectionState, ProjectionStatus

STATUS = """
SELECT c.projection,
       c.kind,
       c.version,
       c.position,
       h.position - c.position,
       c.progress_at,
       (SELECT count(*) FROM parked_streams AS p WHERE p.projection = c.projection),
       c.last_error,
       (SELECT e.recorded_at FROM events AS e WHERE e.notification_id = c.position + 1)
FROM checkpoints AS c
CROSS JOIN log_head AS h
ORDER BY c.kind, c.projection
"""

# Contract section 13.
STALE_AFTER_SECONDS = 30


class PostgresProjectionStatuses:
    """Implements the application's ProjectionStatuses port."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def all(self) -> list[ProjectionStatus]:
        """Give the status of every projection and subscription.

        Each lags since the recorded time of the first event that it has not applied.
        """
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(STATUS)).fetchall()
        now = datetime.now(UTC)
        statuses = []
        for (
            name,
            kind,
            version,
            position,
            lag,
            progress_at,
            parked,
            last_error,
            waiting_since,
        ) in rows:
            lag_seconds = (now - waiting_since).total_seconds() if waiting_since else 0.0
            statuses.append(
                ProjectionStatus(
                    name=name,
                    kind=ProjectionKind(kind),
                    version=version,
                    position=position,
                    lag=lag,
                    lag_seconds=round(max(0.0, lag_seconds), 3),
                    state=_state(lag_seconds, parked),
                    parked_streams=parked,
                    progress_at=progress_at,
                    last_error=last_error,
                )
            )
        return statuses


def _state(lag_seconds: float, parked: int) -> ProjectionState:
    if parked:
        return ProjectionState.PARKED_STREAMS
    return ProjectionState.STALE if lag_seconds > STALE_AFTER_SECONDS else ProjectionState.LIVE

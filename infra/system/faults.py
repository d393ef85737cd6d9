"""The traces of what went wrong: parked streams and failed jobs, as the database has them."""

from collections.abc import Sequence

from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from application.system.ports import Fault

MOST = 100

STREAM_PARKED = "A stream is parked at an event that could not be applied"
JOB_FAILED = "A background job has failed for good"

# One that is parked at the event of a fault would be a fault again, without end.
PARKED = """
SELECT cause, projection, projection_version, stream_id, position, topic AS type
FROM (
    SELECT *, format('parked-%%s-v%%s-%%s', projection, projection_version, position) AS cause
    FROM parked_streams
    WHERE copy = 'live' AND stream_id NOT LIKE 'incident-%%'
) AS parked
WHERE NOT EXISTS (
    SELECT FROM events
    WHERE originator_id = 'incident-' || parked.cause AND originator_version = 1
)
ORDER BY position, projection
LIMIT %s
"""

# Of the job that reports faults, too many would be told.
FAILED_JOBS = """
SELECT cause, task_name AS job, id, attempts
FROM (
    SELECT *, 'job-' || id AS cause
    FROM jobs.procrastinate_jobs
    WHERE status = 'failed' AND task_name <> %s
) AS failed
WHERE NOT EXISTS (
    SELECT FROM events
    WHERE originator_id = 'incident-' || failed.cause AND originator_version = 1
)
ORDER BY id
LIMIT %s
"""


class PostgresFaults:
    """Implements the application's Faults port; jobs of the kind ``unless`` are passed over."""

    def __init__(self, pool: AsyncConnectionPool, *, unless: str) -> None:
        self._pool = pool
        self._unless = unless

    async def unrecorded(self) -> Sequence[Fault]:
        """Give faults that no event tells of yet, at most 100 of each kind, the oldest first."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            parked = await (await cursor.execute(PARKED, (MOST,))).fetchall()
            failed = await (await cursor.execute(FAILED_JOBS, (self._unless, MOST))).fetchall()
        return [
            *(_fault(row, "projections", STREAM_PARKED) for row in parked),
            *(_fault(row, "jobs", JOB_FAILED) for row in failed),
        ]


def _fault(row: dict[str, str | int], component: str, error: str) -> Fault:
    cause = str(row.pop("cause"))
    return Fault(cause=cause, component=component, error=error, details=row)

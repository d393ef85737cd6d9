"""Having a projection made anew in the background (contract section 12)."""

from collections.abc import Awaitable, Callable

from application.errors import NotFoundError
from application.jobs import Arguments, Duty, JobKind, JobQueue, RetryPolicy
from application.projections.status import ProjectionKind, ProjectionStatuses

REBUILD_PROJECTION = JobKind(
    name="rebuild_projection",
    timeout_seconds=24 * 3600,
    retries=RetryPolicy(attempts=3, first_pause_seconds=5),
)

Rebuild = Callable[[str], Awaitable[None]]
"""Makes the named projection anew, or goes on with that."""


async def ask_for_rebuild(jobs: JobQueue, statuses: ProjectionStatuses, name: str) -> int | None:
    """Have a projection made anew; give the job's id, None if one waits already.

    Raises NotFoundError if there is no such projection; subscriptions are never made anew.
    """
    projections = {s.name for s in await statuses.all() if s.kind is ProjectionKind.PROJECTION}
    if name not in projections:
        raise NotFoundError(f"Projection {name} not found")
    lock = f"rebuild-{name}"
    return await jobs.enqueue(
        REBUILD_PROJECTION.job({"projection": name}, lock=lock, queueing_lock=lock)
    )


def rebuilding(rebuild: Rebuild) -> Duty:
    """Make the duty that rebuilds what was asked for; one rebuild of a projection at a time."""

    async def function(arguments: Arguments) -> None:
        await rebuild(str(arguments["projection"]))

    return Duty(kind=REBUILD_PROJECTION, function=function)

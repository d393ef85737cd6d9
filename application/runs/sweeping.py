"""The job that neutralizes the runs whose retention has ended (contract section 7)."""

from collections.abc import Awaitable, Callable

from application.jobs import Arguments, Duty, JobKind, RetryPolicy

SWEEP_RETENTION = JobKind(
    name="sweep_retention",
    timeout_seconds=3600,
    retries=RetryPolicy(attempts=3, first_pause_seconds=60),
)


def retention_sweep(sweep: Callable[[], Awaitable[object]], cron: str) -> Duty:
    """Make the duty that sweeps whenever it is due; one sweep at a time."""

    async def function(_: Arguments) -> None:
        await sweep()

    return Duty(kind=SWEEP_RETENTION, function=function, cron=cron)

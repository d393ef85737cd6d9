"""Every night, bytes that no document has are removed."""

from collections.abc import Awaitable, Callable

from application.jobs import Arguments, Duty, JobKind

SWEEP_DOCUMENTS = JobKind(name="sweep_documents", timeout_seconds=3600, priority=-10)

EVERY_NIGHT = "7 3 * * *"


def document_sweep(sweep: Callable[[], Awaitable[None]]) -> Duty:
    """Make the duty that sweeps."""

    async def run(_: Arguments) -> None:
        await sweep()

    return Duty(kind=SWEEP_DOCUMENTS, function=run, cron=EVERY_NIGHT)

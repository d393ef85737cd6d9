"""What goes wrong within Annals becomes an event, so that somebody outside is told of it.

What is looked for are the traces that a fault leaves in the database, in the same transaction with
it. So none is missed whoever dies when; and since its cause names its stream, none is told twice.
"""

from uuid import uuid4

from application.errors import AlreadyExistsError
from application.jobs import Arguments, Duty, JobKind, RetryPolicy
from application.metadata import by_system
from application.ports import EventStore
from application.system.ports import Faults
from domain.events import Metadata
from domain.system.incident import Incident

# What fails here is no fault to report: it would be told of without end.
REPORT_FAULTS = JobKind(name="report_faults", timeout_seconds=60, retries=RetryPolicy(attempts=1))

EVERY_MINUTE = "* * * * *"


def fault_reporting(store: EventStore, faults: Faults) -> Duty:
    """Make the duty that looks for faults every minute."""

    async def report(_: Arguments) -> None:
        await report_faults(store, faults, by_system(f"fault-report-{uuid4()}"))

    return Duty(kind=REPORT_FAULTS, function=report, cron=EVERY_MINUTE)


async def report_faults(store: EventStore, faults: Faults, metadata: Metadata) -> int:
    """Record the faults that no event tells of yet; count them."""
    recorded = 0
    for fault in await faults.unrecorded():
        incident = Incident.occur(
            fault.cause, component=fault.component, error=fault.error, details=fault.details
        )
        try:
            await store.save(incident, metadata=metadata)
        except AlreadyExistsError:  # another process was faster
            continue
        recorded += 1
    return recorded

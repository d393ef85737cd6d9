"""What stewardships have done in the background, each job following from an event or the time."""

from collections.abc import Sequence

from application.jobs import Arguments, Duty, Job, JobKind, RetryPolicy
from application.metadata import SYSTEM
from application.ports import EventStore
from application.stewardship.jobs import run_job
from application.stewardship.notifying import NOTIFY, NoticesToSend, Notifier, notices_job
from application.stewardship.ports import Clock
from application.subscription import Subscription
from domain.events import DomainEvent, Metadata, Recorded
from domain.stewardship.events import MetricMeasured
from domain.stewardship.job import MOST_ATTEMPTS
from domain.stewardship.job_events import StewardshipJobRequested
from domain.stewardship.kinds import MetricStatus
from domain.stewardship.notices import noticed_events

# More attempts than the job takes, which then fails by its own rule.
RUN_STEWARDSHIP_JOB = JobKind(
    name="run_stewardship_job",
    timeout_seconds=600,
    retries=RetryPolicy(attempts=MOST_ATTEMPTS + 3, longest_pause_seconds=60),
)

stewardship_job_runs = Subscription("stewardship_job_runs")

stewardship_notices = Subscription("stewardship_notices")


@stewardship_job_runs.on(StewardshipJobRequested)
def run(recorded: Recorded[StewardshipJobRequested]) -> Sequence[Job]:
    """Have the job run."""
    arguments: dict[str, str | int] = {
        "stewardship_job_id": int(recorded.stream_id.removeprefix("stewardship_job-")),
        "correlation_id": recorded.metadata.correlation_id,
        "causation_id": recorded.event_id,
    }
    return [RUN_STEWARDSHIP_JOB.job(arguments, lock=recorded.stream_id)]


@stewardship_notices.on(*noticed_events())
def tell(recorded: Recorded[DomainEvent]) -> Sequence[Job]:
    """Have people notified, on the channels that the stewardship has then."""
    event = recorded.event
    if isinstance(event, MetricMeasured) and event.status != MetricStatus.BREACHED:
        return []
    wanted = NoticesToSend(
        stewardship_id=int(recorded.stream_id.removeprefix("stewardship-")),
        version=recorded.version,
    )
    return [notices_job(wanted)]


def running_jobs(store: EventStore, clock: Clock) -> Duty:
    """Make the duty that runs the jobs that were asked for."""

    async def function(arguments: Arguments) -> None:
        job_id = int(arguments["stewardship_job_id"])
        await run_job(store, clock, job_id, _metadata(arguments))

    return Duty(kind=RUN_STEWARDSHIP_JOB, function=function)


def notifying(notifier: Notifier) -> Duty:
    """Make the duty that notifies people."""

    async def function(arguments: Arguments) -> None:
        wanted = NoticesToSend(
            stewardship_id=int(arguments["stewardship_id"]),
            version=int(arguments["version"]),
            until=int(arguments.get("until", 0)),
            attempt=int(arguments["attempt"]),
        )
        await notifier.notify(wanted)

    return Duty(kind=NOTIFY, function=function)


def _metadata(arguments: Arguments) -> Metadata:
    return Metadata(
        actor=SYSTEM,
        correlation_id=str(arguments["correlation_id"]),
        causation_id=str(arguments["causation_id"]),
    )

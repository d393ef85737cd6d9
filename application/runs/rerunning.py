"""What makes reruns happen: each attempt is a job that follows from an event."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from application.jobs import Arguments, Duty, Job, JobKind
from application.metadata import SYSTEM
from application.ports import EventStore
from application.runs.ports import RerunEndpoint
from application.runs.reruns import RerunAttempt, attempt_rerun
from application.subscription import Subscription
from domain.events import Metadata, Recorded
from domain.runs.rerun_events import RerunAttemptFailed, StepRerunRequested

# Longer than the longest timeout that a step may be configured with.
ATTEMPT_RERUN = JobKind(name="attempt_rerun", timeout_seconds=86_400 + 600)

reruns = Subscription("reruns")


@reruns.on(StepRerunRequested)
def first_attempt(recorded: Recorded[StepRerunRequested]) -> Sequence[Job]:
    """Have the endpoint called; without one, somebody outside runs the step."""
    event = recorded.event
    if event.config.api_endpoint is None:
        return []
    return [_job(recorded, event.step_run_id, 1)]


@reruns.on(RerunAttemptFailed)
def next_attempt(recorded: Recorded[RerunAttemptFailed]) -> Sequence[Job]:
    """Have the endpoint called again, when it is time."""
    event = recorded.event
    if event.next_attempt_at is None:
        return []
    return [_job(recorded, event.step_run_id, event.attempt + 1, at=event.next_attempt_at)]


def _job(
    recorded: Recorded[Any], step_run_id: int, attempt: int, at: datetime | None = None
) -> Job:
    arguments: dict[str, str | int] = {
        "run_id": int(recorded.stream_id.removeprefix("run-")),
        "step_run_id": step_run_id,
        "attempt": attempt,
        "correlation_id": recorded.metadata.correlation_id,
        "causation_id": recorded.event_id,
    }
    return ATTEMPT_RERUN.job(arguments, at=at, lock=f"step-run-{step_run_id}")


def rerunning(store: EventStore, endpoint: RerunEndpoint) -> Duty:
    """Make the duty that makes attempts."""

    async def attempt(arguments: Arguments) -> None:
        metadata = Metadata(
            actor=SYSTEM,
            correlation_id=str(arguments["correlation_id"]),
            causation_id=str(arguments["causation_id"]),
        )
        made = RerunAttempt(
            run_id=int(arguments["run_id"]),
            step_run_id=int(arguments["step_run_id"]),
            attempt=int(arguments["attempt"]),
        )
        await attempt_rerun(store, endpoint, made, metadata)

    return Duty(kind=ATTEMPT_RERUN, function=attempt)

"""The read model of stewardships: each is folded from its events as the domain does it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.events import DomainEvent, Recorded
from domain.stewardship.address_events import (
    StewardshipAddressGiven,
    StewardshipAddressNeutralized,
)
from domain.stewardship.addresses import found_as
from domain.stewardship.events import (
    MetricMeasured,
    PolicyAudited,
    StewardshipCreated,
    StewardshipEvent,
)
from domain.stewardship.execution_events import NotificationEvent
from domain.stewardship.job_events import (
    StewardshipJobAddressGiven,
    StewardshipJobAddressNeutralized,
    StewardshipJobCancelled,
    StewardshipJobCompleted,
    StewardshipJobContactGiven,
    StewardshipJobContactNeutralized,
    StewardshipJobFailed,
    StewardshipJobProgressed,
    StewardshipJobRequested,
    StewardshipJobStarted,
)
from domain.stewardship.kinds import JobStatus, StewardshipStatus
from domain.stewardship.passing_time import next_due, next_escalation
from domain.stewardship.responsibility_events import ResponsibilityAdded
from domain.stewardship.state import StewardshipState
from domain.stewardship.steward_events import StewardEvent, StewardNeutralized
from projections.projection import Projection, Touched
from projections.stewardship.tables import JOBS, STEWARDSHIPS, StewardshipJobRow, StewardshipRow
from projections.table import Rows

# Nothing falls due because of these, and there are many of them.
OF_NO_CONSEQUENCE = (
    NotificationEvent,
    StewardEvent,
    StewardNeutralized,
    StewardshipAddressGiven,
    StewardshipAddressNeutralized,
    MetricMeasured,
    PolicyAudited,
)

stewardships = Projection(
    "stewardships",
    version=2,
    schema=Path(__file__).with_name("schema.sql"),
    tables=(STEWARDSHIPS, JOBS),
)


def _kinds(of: type[StewardshipEvent]) -> Iterator[type[StewardshipEvent]]:
    for kind in of.__subclasses__():
        if "TOPIC" in kind.__dict__:
            yield kind
        yield from _kinds(kind)


def _stewardship_id(recorded: Recorded[Any]) -> int:
    return int(recorded.stream_id.removeprefix("stewardship-"))


def _job_id(recorded: Recorded[Any]) -> int:
    return int(recorded.stream_id.removeprefix("stewardship_job-"))


def _itself(recorded: Recorded[Any]) -> Touched:
    return [(STEWARDSHIPS, _stewardship_id(recorded))]


def _the_job(recorded: Recorded[Any]) -> Touched:
    return [(JOBS, _job_id(recorded))]


@stewardships.on(StewardshipCreated)
def stewardship_created(recorded: Recorded[StewardshipCreated], rows: Rows) -> None:
    """List the stewardship."""
    state = recorded.event.begin()
    row = StewardshipRow(
        id=_stewardship_id(recorded),
        type=state.type,
        domain=state.domain,
        status=state.status,
        user_ids=[],
        reachable=[],
        due_at=next_due(state),
        state=state,
        version=recorded.version,
    )
    rows.add(STEWARDSHIPS, row)


@stewardships.on(*_kinds(StewardshipEvent), touches=_itself)
def stewardship_changed(recorded: Recorded[StewardshipEvent], rows: Rows) -> None:
    """Show the stewardship as the event leaves it."""
    _fold(recorded, rows)


@stewardships.on(StewardNeutralized, touches=_itself)
def steward_neutralized(recorded: Recorded[StewardNeutralized], rows: Rows) -> None:
    """Take the contact details out."""
    _fold(recorded, rows)


@stewardships.on(StewardshipAddressNeutralized, touches=_itself)
def address_neutralized(recorded: Recorded[StewardshipAddressNeutralized], rows: Rows) -> None:
    """Take the address out."""
    _fold(recorded, rows)


@stewardships.on(StewardshipJobRequested)
def job_requested(recorded: Recorded[StewardshipJobRequested], rows: Rows) -> None:
    """List the job."""
    event = recorded.event
    row = StewardshipJobRow(
        id=_job_id(recorded),
        type=event.definition.type,
        domain=event.definition.domain,
        status=JobStatus.PENDING,
        progress=0.0,
        stewardship_id=event.stewardship_key,
        user_ids=[steward.user_id for steward in event.definition.stewards],
        reachable=[],
        addresses={},
        created_at=event.timestamp,
        started_at=None,
        completed_at=None,
        error=None,
        version=recorded.version,
    )
    rows.add(JOBS, row)


@stewardships.on(StewardshipJobContactGiven, touches=_the_job)
def job_contact_given(recorded: Recorded[StewardshipJobContactGiven], rows: Rows) -> None:
    """Know whose contact details wait with the job."""
    _changed_job(recorded, rows).reachable.append(found_as(recorded.event.user_id))


@stewardships.on(StewardshipJobContactNeutralized, touches=_the_job)
def job_contact_neutralized(
    recorded: Recorded[StewardshipJobContactNeutralized], rows: Rows
) -> None:
    """Know that they wait no longer."""
    job = _changed_job(recorded, rows)
    name = found_as(recorded.event.user_id)
    job.reachable = [each for each in job.reachable if each != name]


@stewardships.on(StewardshipJobAddressGiven, touches=_the_job)
def job_address_given(recorded: Recorded[StewardshipJobAddressGiven], rows: Rows) -> None:
    """Know whose address waits with the job."""
    _changed_job(recorded, rows).addresses[str(recorded.event.number)] = found_as(
        recorded.event.address
    )


@stewardships.on(StewardshipJobAddressNeutralized, touches=_the_job)
def job_address_neutralized(
    recorded: Recorded[StewardshipJobAddressNeutralized], rows: Rows
) -> None:
    """Know that it waits no longer."""
    del _changed_job(recorded, rows).addresses[str(recorded.event.number)]


@stewardships.on(StewardshipJobStarted, touches=_the_job)
def job_started(recorded: Recorded[StewardshipJobStarted], rows: Rows) -> None:
    """Show since when the job runs."""
    job = _changed_job(recorded, rows)
    job.status = JobStatus.RUNNING
    job.started_at = job.started_at or recorded.event.timestamp


@stewardships.on(StewardshipJobProgressed, touches=_the_job)
def job_progressed(recorded: Recorded[StewardshipJobProgressed], rows: Rows) -> None:
    """Show how far the job has come."""
    _changed_job(recorded, rows).progress = recorded.event.progress


@stewardships.on(StewardshipJobCompleted, touches=_the_job)
def job_completed(recorded: Recorded[StewardshipJobCompleted], rows: Rows) -> None:
    """Show the job completed; the contact details are its stewardship's."""
    job = _ended(recorded, rows, JobStatus.COMPLETED)
    job.progress = 1.0
    job.reachable = []
    job.addresses = {}


@stewardships.on(StewardshipJobFailed, touches=_the_job)
def job_failed(recorded: Recorded[StewardshipJobFailed], rows: Rows) -> None:
    """Show why there is no stewardship."""
    _ended(recorded, rows, JobStatus.FAILED).error = recorded.event.error


@stewardships.on(StewardshipJobCancelled, touches=_the_job)
def job_cancelled(recorded: Recorded[StewardshipJobCancelled], rows: Rows) -> None:
    """Show that nobody wants the stewardship any more."""
    _ended(recorded, rows, JobStatus.CANCELLED)


def _fold(
    recorded: Recorded[StewardshipEvent]
    | Recorded[StewardNeutralized]
    | Recorded[StewardshipAddressNeutralized],
    rows: Rows,
) -> None:
    row = rows.edit(STEWARDSHIPS, _stewardship_id(recorded))
    state = row.read_state()
    recorded.event.fold(state)
    row.status = state.status
    row.user_ids = [steward.definition.user_id for steward in state.stewards]
    row.reachable = state.reachable()
    row.due_at = _due_at(recorded.event, state, row.due_at)
    row.version = recorded.version


def _due_at(
    event: DomainEvent, state: StewardshipState, before: datetime | None
) -> datetime | None:
    """Tell from when on something is due; of a responsibility that is added, without the others."""
    if isinstance(event, OF_NO_CONSEQUENCE):
        return before
    if not isinstance(event, ResponsibilityAdded) or state.status != StewardshipStatus.ACTIVE:
        return next_due(state)
    due_at = next_escalation(state, state.responsibilities[-1])
    return min((each for each in (before, due_at) if each is not None), default=None)


def _changed_job(recorded: Recorded[Any], rows: Rows) -> StewardshipJobRow:
    job = rows.edit(JOBS, _job_id(recorded))
    job.version = recorded.version
    return job


def _ended(recorded: Recorded[Any], rows: Rows, status: JobStatus) -> StewardshipJobRow:
    job = _changed_job(recorded, rows)
    job.status = status
    job.completed_at = recorded.event.timestamp
    return job

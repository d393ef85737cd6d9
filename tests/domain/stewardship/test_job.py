"""A job sets up a stewardship at most once, and leaves nothing of people behind if it does not."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import RuleViolatedError
from domain.stewardship.definition import StewardDefinition, StewardshipDefinition
from domain.stewardship.job import MOST_ATTEMPTS, StewardshipJob
from domain.stewardship.job_events import (
    StewardshipJobCancelled,
    StewardshipJobCompleted,
    StewardshipJobContactGiven,
    StewardshipJobContactNeutralized,
    StewardshipJobFailed,
    StewardshipJobProgressed,
    StewardshipJobRequested,
    StewardshipJobStarted,
)
from domain.stewardship.kinds import JobStatus, StewardRole, StewardshipType

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CONTACT = {"email": "ann@example.org", "phone": "+1-555-123-4567"}

ASKED_FOR = StewardshipDefinition(
    type=StewardshipType.DATA_QUALITY,
    domain="customer_data",
    stewards=[
        StewardDefinition(user_id="bob", role=StewardRole.CURATOR),
        StewardDefinition(user_id="ann", role=StewardRole.OWNER, contact_info=CONTACT),
    ],
)


def requested() -> StewardshipJob:
    return StewardshipJob.request(7, stewardship_id=42, definition=ASKED_FOR, now=NOW)


def events(job: StewardshipJob) -> list[type]:
    return [type(event) for event in job.pending()]


def test_a_request_fixes_the_stewardship_and_keeps_contact_details_with_their_steward() -> None:
    job = requested()
    begun, given = job.pending()

    assert job.id == "stewardship_job-7"
    assert (job.state.status, job.state.progress) == (JobStatus.PENDING, 0.0)
    assert isinstance(begun, StewardshipJobRequested)
    assert begun.stewardship_key == 42
    assert [steward.contact_info for steward in begun.definition.stewards] == [{}, {}]
    assert isinstance(given, StewardshipJobContactGiven)
    assert given.subject == "stewardship-42-steward-2"
    assert job.definition == ASKED_FOR


def test_it_shows_progress_as_soon_as_it_runs_and_never_less() -> None:
    job = requested()
    seen = [job.state.progress]
    job.start(now=NOW + SECOND)
    seen.append(job.state.progress)
    job.advance("stewards", 0.5, now=NOW + SECOND)
    job.start(now=NOW + 2 * SECOND)
    seen.append(job.state.progress)
    job.advance("validation", 0.2, now=NOW + 2 * SECOND)
    seen.append(job.state.progress)
    job.advance("responsibilities", 0.75, now=NOW + 3 * SECOND)
    seen.append(job.state.progress)
    job.complete(now=NOW + 4 * SECOND)
    seen.append(job.state.progress)

    assert seen == [0.0, 0.05, 0.5, 0.5, 0.75, 1.0]
    assert job.state.started_at == NOW + SECOND
    assert job.state.completed_at == NOW + 4 * SECOND
    assert events(job)[2:] == [
        StewardshipJobStarted,
        StewardshipJobProgressed,
        StewardshipJobProgressed,
        StewardshipJobStarted,
        StewardshipJobProgressed,
        StewardshipJobCompleted,
    ]


def test_one_that_has_ended_is_not_taken_up_again() -> None:
    job = requested()
    job.start(now=NOW)
    job.complete(now=NOW)
    job.pending()

    assert not job.start(now=NOW)
    job.advance("storing", 0.99, now=NOW)
    job.complete(now=NOW)
    job.fail("too late", now=NOW)
    assert events(job) == []
    assert job.state.status == JobStatus.COMPLETED


def test_a_failed_one_says_why_and_forgets_contact_details() -> None:
    job = requested()
    job.start(now=NOW)
    job.pending()
    job.fail("stewards[0].role must be one of owner", now=NOW + SECOND)
    failed, erased = job.pending()

    assert isinstance(failed, StewardshipJobFailed)
    assert isinstance(erased, StewardshipJobContactNeutralized)
    assert erased.erased_subjects == ["stewardship-42-steward-2"]
    assert erased.redacted_fields == ["contact_info.email", "contact_info.phone"]
    assert job.state.error == "stewards[0].role must be one of owner"
    assert [steward.contact_info for steward in job.definition.stewards] == [{}, {}]


def test_a_cancelled_one_is_wanted_no_more() -> None:
    job = requested()
    job.start(now=NOW)
    job.pending()
    job.cancel(now=NOW + SECOND)
    job.cancel(now=NOW + SECOND)

    assert events(job) == [StewardshipJobCancelled, StewardshipJobContactNeutralized]
    assert not job.start(now=NOW)
    job.complete(now=NOW)
    assert job.state.status == JobStatus.CANCELLED
    assert job.state.completed_at == NOW + SECOND


def test_what_has_come_to_another_end_cannot_be_cancelled() -> None:
    job = requested()
    job.start(now=NOW)
    job.complete(now=NOW)
    with pytest.raises(RuleViolatedError, match="completed and cannot be cancelled"):
        job.cancel(now=NOW)


def test_one_that_kills_its_workers_fails_at_last() -> None:
    job = requested()
    started = [job.start(now=NOW) for _ in range(MOST_ATTEMPTS + 1)]
    assert started == [True] * MOST_ATTEMPTS + [False]
    assert job.state.status == JobStatus.FAILED
    assert f"begun {MOST_ATTEMPTS} times" in str(job.state.error)


def test_without_contact_details_there_is_nothing_to_erase() -> None:
    plain = StewardshipDefinition(
        type=ASKED_FOR.type, domain=ASKED_FOR.domain, stewards=ASKED_FOR.stewards[:1]
    )
    job = StewardshipJob.request(7, stewardship_id=42, definition=plain, now=NOW)
    job.cancel(now=NOW)
    assert events(job) == [StewardshipJobRequested, StewardshipJobCancelled]

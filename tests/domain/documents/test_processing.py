from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.documents.events import Source
from domain.documents.processing import JobEndedError, ProcessingJob
from domain.documents.processing_events import (
    JobStatus,
    ProcessingCancelled,
    ProcessingFailed,
    ProcessingParameters,
    ProcessingProgressed,
    ProcessingQueued,
    ProcessingStageEntered,
    ProcessingStarted,
)
from domain.documents.stages import SHARES, Stage, percent, remaining_seconds
from domain.errors import InvalidFieldError

JOB_ID = UUID("550e8400-e29b-41d4-a716-446655440000")


def queued(priority: int = 2) -> ProcessingJob:
    return ProcessingJob.queue(
        JOB_ID,
        document_id="ab" * 16,
        file_path="source/sheet.pdf",
        priority=priority,
        parameters=ProcessingParameters(),
        source=Source.UPLOAD,
    )


def test_a_job_waits_until_it_is_taken_up() -> None:
    job = queued()
    assert job.id == f"job-{JOB_ID}"
    statuses = [job.state.status]
    assert job.start() == 1
    statuses.append(job.state.status)
    assert statuses == [JobStatus.QUEUED, JobStatus.RUNNING]
    assert [type(event) for event in job.pending()] == [ProcessingQueued, ProcessingStarted]


@pytest.mark.parametrize("priority", [-1, 5])
def test_a_priority_is_0_to_4(priority: int) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        queued(priority)
    assert refused.value.field == "priority"
    assert refused.value.message == "Priority must be between 0 and 4."


def test_a_job_that_is_taken_up_again_keeps_its_progress() -> None:
    job = queued()
    job.start()
    job.progress(Stage.EXTRACTION, 10, 20, is_told=True)
    reached = job.state.progress_percent
    assert reached == 45.0
    assert job.start() == 2
    job.enter(Stage.VALIDATION)
    job.progress(Stage.EXTRACTION, 1, 20, is_told=True)
    assert job.state.progress_percent == reached


def test_the_shares_of_the_stages_are_all_of_the_progress() -> None:
    assert SHARES[Stage.VALIDATION].begins == 0.0
    assert SHARES[Stage.STORING].ends == 100.0
    for stage, following in pairwise(Stage):
        assert SHARES[stage].ends == SHARES[following].begins


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Stage), st.integers(0, 9)), max_size=20))
def test_progress_never_falls_whatever_is_reported(reports: list[tuple[Stage, int]]) -> None:
    job = queued()
    job.start()
    for stage, done in reports:
        job.enter(stage)
        job.progress(stage, done, 9, is_told=True)
    shown = [
        event.progress_percent
        for event in job.pending()
        if isinstance(event, ProcessingStageEntered | ProcessingProgressed)
    ]
    assert shown == sorted(shown)


def test_what_remains_follows_from_the_pace_so_far() -> None:
    assert remaining_seconds(30.0, 0.0) is None
    assert remaining_seconds(30.0, 25.0) == 90
    assert remaining_seconds(30.0, 100.0) == 0
    assert percent(Stage.VALIDATION, 0.5) == 2.5


def test_the_time_in_which_nobody_had_a_job_is_no_time_of_processing() -> None:
    job = queued()
    job.start()
    job.progress(Stage.EXTRACTION, 9, 10, is_told=True)
    assert job.state.attempt_at is not None
    job.state.attempt_at -= timedelta(hours=1)
    job.state.started_at = job.state.attempt_at
    assert job.start() == 2
    job.progress(Stage.EXTRACTION, 1, 10, is_told=True)
    job.fail("ENCRYPTED", "The PDF is encrypted")
    *_, progressed, failed = job.collect_events()
    assert isinstance(progressed, ProcessingProgressed)
    assert isinstance(failed, ProcessingFailed)
    assert progressed.estimated_remaining is not None
    assert progressed.estimated_remaining < 60
    assert failed.processing_seconds < 60


def test_a_job_can_be_called_off_until_it_has_ended() -> None:
    waiting = queued()
    waiting.cancel()
    waiting.cancel()
    assert [type(event) for event in waiting.pending()] == [ProcessingQueued, ProcessingCancelled]
    with pytest.raises(JobEndedError, match="The job is cancelled already"):
        waiting.start()


def test_a_job_that_failed_says_why_and_cannot_be_called_off() -> None:
    job = queued()
    job.start()
    job.fail("NOT_A_PDF", "The file is no PDF")
    assert isinstance(job.pending()[-1], ProcessingFailed)
    assert (job.state.error_code, job.state.error) == ("NOT_A_PDF", "The file is no PDF")
    with pytest.raises(JobEndedError, match="The job is failed already"):
        job.cancel()

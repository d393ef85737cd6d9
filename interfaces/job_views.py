"""Jobs that process documents, as they are shown over HTTP and in the terminal alike."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.documents.processing_events import JobStatus
from projections.documents.queries import JobCounts
from projections.documents.tables import JobRow

# What the latest report shows in full.
OF_THE_REPORT = ("leagues", "anomaly_kinds")


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job; ``processing_time`` and ``estimated_remaining`` are in seconds.

    ``stages`` are those that are done, each with its figures and seconds.
    """

    job_id: str
    status: JobStatus
    created_at: datetime
    updated_at: datetime
    progress_percent: float
    current_stage: str | None
    result: Mapping[str, Any] | None
    error: str | None
    error_code: str | None
    processing_time: float | None
    estimated_remaining: int | None
    document_id: str
    file_path: str
    priority: int
    attempts: int
    started_at: datetime | None
    finished_at: datetime | None
    stages: Sequence[Mapping[str, Any]]


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs stand where, and how many are processed at a time at most."""

    total_jobs: int
    pending_jobs: int
    running_jobs: int
    completed_jobs: int
    failed_jobs: int
    cancelled_jobs: int
    queue_length: int
    active_workers: int
    max_workers: int


def job_view(row: JobRow, now: datetime) -> JobView:
    """Show a job; what its present worker, or the last one, has taken is its time."""
    taken = row.processing_seconds
    if taken is None and row.attempt_at is not None:
        taken = round((now - row.attempt_at).total_seconds(), 3)
    result = row.result
    if result is not None:
        result = {name: value for name, value in result.items() if name not in OF_THE_REPORT}
    return JobView(
        job_id=row.id,
        status=JobStatus(row.status),
        created_at=row.queued_at,
        updated_at=row.updated_at,
        progress_percent=row.progress_percent,
        current_stage=row.current_stage,
        result=result,
        error=row.error,
        error_code=row.error_code,
        processing_time=taken,
        estimated_remaining=row.estimated_remaining,
        document_id=row.document_id,
        file_path=row.file_path,
        priority=row.priority,
        attempts=row.attempts,
        started_at=row.started_at,
        finished_at=row.finished_at,
        stages=row.stages,
    )


def queue_view(counts: JobCounts, max_workers: int) -> QueueView:
    """Show the queue."""
    return QueueView(
        total_jobs=counts.total,
        pending_jobs=counts.queued,
        running_jobs=counts.running,
        completed_jobs=counts.completed,
        failed_jobs=counts.failed,
        cancelled_jobs=counts.cancelled,
        queue_length=counts.queued,
        active_workers=counts.running,
        max_workers=max_workers,
    )

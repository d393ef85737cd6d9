"""What outsiders are told of documents and of the jobs that process them (seed football)."""

from typing import Any

from application.outward import OutwardEvents
from domain.documents.events import Source
from domain.documents.processing_events import (
    ProcessingCancelled,
    ProcessingCompleted,
    ProcessingFailed,
    ProcessingProgressed,
    ProcessingQueued,
    ProcessingStageEntered,
    ProcessingStarted,
)
from domain.events import Recorded

EXAMPLE_JOB = "550e8400-e29b-41d4-a716-446655440000"
EXAMPLE_PATH = "source/document.pdf"
EXAMPLE_DOCUMENT = "3f1c0d9a5b7e4f2c8d6a1b0e9f8c7d6a"

document_events = OutwardEvents()


@document_events.on(
    ProcessingQueued,
    name="file_detected",
    description="The watcher found a new file, whose processing waits for its turn",
    example={
        "job_id": EXAMPLE_JOB,
        "file_path": EXAMPLE_PATH,
        "document_id": EXAMPLE_DOCUMENT,
        "priority": 3,
    },
)
def file_detected(recorded: Recorded[ProcessingQueued]) -> dict[str, Any] | None:
    """Tell under which path the file is known, and which job is for it."""
    event = recorded.event
    if event.source is not Source.WATCHER:
        return None
    return {
        "job_id": _job_id(recorded),
        "file_path": event.file_path,
        "document_id": event.document_id,
        "priority": event.priority,
    }


@document_events.on(
    ProcessingStarted,
    name="processing_started",
    description="A worker took a job up; once more, with a higher attempt, if the one before died",
    example={
        "job_id": EXAMPLE_JOB,
        "file_path": EXAMPLE_PATH,
        "document_id": EXAMPLE_DOCUMENT,
        "attempt": 1,
    },
)
def processing_started(recorded: Recorded[ProcessingStarted]) -> dict[str, Any]:
    """Tell which document is processed."""
    event = recorded.event
    return {
        "job_id": _job_id(recorded),
        "file_path": event.file_path,
        "document_id": event.document_id,
        "attempt": event.attempt,
    }


@document_events.on(
    ProcessingStageEntered,
    name="processing_progress",
    description="A job is further on; estimated_remaining is in seconds, null if nobody can tell",
    example={
        "job_id": EXAMPLE_JOB,
        "progress": 45.0,
        "stage": "extraction",
        "estimated_remaining": 120,
    },
)
def stage_entered(recorded: Recorded[ProcessingStageEntered]) -> dict[str, Any]:
    """Tell how far the job is."""
    return _progress(recorded)


@document_events.also_on(ProcessingProgressed, name="processing_progress")
def processing_progressed(recorded: Recorded[ProcessingProgressed]) -> dict[str, Any] | None:
    """Tell how far the job is, as often as is configured."""
    return _progress(recorded) if recorded.event.is_told else None


@document_events.on(
    ProcessingCompleted,
    name="processing_completed",
    description="A job is done, and the games of its document are recorded; times are in seconds",
    example={
        "job_id": EXAMPLE_JOB,
        "file_path": EXAMPLE_PATH,
        "document_id": EXAMPLE_DOCUMENT,
        "result": {"games_processed": 150, "anomalies_detected": 3, "processing_time": 300.5},
        "processing_time": 300.5,
    },
)
def processing_completed(recorded: Recorded[ProcessingCompleted]) -> dict[str, Any]:
    """Tell what the job came to."""
    event = recorded.event
    return {
        "job_id": _job_id(recorded),
        "file_path": event.file_path,
        "document_id": event.document_id,
        "result": {
            "games_processed": event.result.games_processed,
            "anomalies_detected": event.result.anomalies_detected,
            "processing_time": event.processing_seconds,
        },
        "processing_time": event.processing_seconds,
    }


@document_events.on(
    ProcessingFailed,
    name="processing_failed",
    description="A document cannot be processed; nothing of it is recorded",
    example={
        "job_id": EXAMPLE_JOB,
        "file_path": EXAMPLE_PATH,
        "document_id": EXAMPLE_DOCUMENT,
        "error_code": "ENCRYPTED",
        "error": "The document is protected by a password",
        "processing_time": 0.4,
    },
)
def processing_failed(recorded: Recorded[ProcessingFailed]) -> dict[str, Any]:
    """Tell why, in words for people."""
    event = recorded.event
    return {
        "job_id": _job_id(recorded),
        "file_path": event.file_path,
        "document_id": event.document_id,
        "error_code": event.code,
        "error": event.error,
        "processing_time": event.processing_seconds,
    }


@document_events.on(
    ProcessingCancelled,
    name="processing_cancelled",
    description="Somebody called a job off; nothing of its document is recorded",
    example={
        "job_id": EXAMPLE_JOB,
        "file_path": EXAMPLE_PATH,
        "document_id": EXAMPLE_DOCUMENT,
        "processing_time": 12.5,
    },
)
def processing_cancelled(recorded: Recorded[ProcessingCancelled]) -> dict[str, Any]:
    """Tell how long it ran."""
    event = recorded.event
    return {
        "job_id": _job_id(recorded),
        "file_path": event.file_path,
        "document_id": event.document_id,
        "processing_time": event.processing_seconds,
    }


def _progress(recorded: Recorded[Any]) -> dict[str, Any]:
    event: ProcessingStageEntered | ProcessingProgressed = recorded.event
    return {
        "job_id": _job_id(recorded),
        "progress": event.progress_percent,
        "stage": event.stage,
        "estimated_remaining": event.estimated_remaining,
    }


def _job_id(recorded: Recorded[Any]) -> str:
    return recorded.stream_id.removeprefix("job-")

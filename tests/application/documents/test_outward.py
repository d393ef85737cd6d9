"""What outsiders are told of documents is what the seed documents (football: Message Types)."""

from typing import Any
from uuid import UUID

import pytest

from domain.documents.events import Source
from domain.documents.processing import ProcessingJob
from domain.documents.processing_events import ProcessingParameters
from domain.documents.stages import Stage
from domain.events import DomainEvent
from interfaces.composition import OUTWARD
from tests.infra.event_store.samples import SAMPLE_RESULT, recorded_as

JOB = UUID("550e8400-e29b-41d4-a716-446655440000")


def queued(source: Source = Source.UPLOAD) -> ProcessingJob:
    return ProcessingJob.queue(
        JOB,
        document_id="d" * 32,
        file_path="source/sheet.pdf",
        priority=3,
        parameters=ProcessingParameters(),
        source=source,
    )


def told(job: ProcessingJob) -> list[tuple[str, dict[str, Any]]]:
    events: list[DomainEvent] = list(job.pending())
    return [
        (message.name, message.data)
        for event in events
        for message in OUTWARD.render(recorded_as(event))
    ]


def test_a_job_is_told_of_from_its_start_to_its_end() -> None:
    job = queued()
    job.start()
    job.enter(Stage.EXTRACTION)
    job.progress(Stage.EXTRACTION, 1, 2, is_told=True)
    job.complete_stage(Stage.EXTRACTION, {"pages": 2}, 0.5)
    job.complete(SAMPLE_RESULT)

    names, data = zip(*told(job), strict=True)
    assert names == (
        "processing_started",
        "processing_progress",
        "processing_progress",
        "processing_completed",
    )
    assert {each["job_id"] for each in data} == {str(JOB)}
    assert data[2].keys() == {"job_id", "progress", "stage", "estimated_remaining"}
    assert (data[2]["progress"], data[2]["stage"]) == (45.0, "extraction")
    assert isinstance(data[2]["estimated_remaining"], int)


def test_a_completed_job_is_told_of_as_both_the_websocket_and_the_webhook_have_it() -> None:
    job = queued()
    job.start()
    job.complete(SAMPLE_RESULT)

    name, data = told(job)[-1]
    assert name == "processing_completed"
    seconds = data["processing_time"]
    assert data == {
        "job_id": str(JOB),
        "file_path": "source/sheet.pdf",
        "document_id": "d" * 32,
        "result": {
            "games_processed": SAMPLE_RESULT.games_processed,
            "anomalies_detected": SAMPLE_RESULT.anomalies_detected,
            "processing_time": seconds,
        },
        "processing_time": seconds,
    }


def test_a_failed_job_is_told_of_with_its_reason() -> None:
    job = queued()
    job.start()
    job.fail("ENCRYPTED", "The document is protected by a password")

    name, data = told(job)[-1]
    assert name == "processing_failed"
    assert (data["error_code"], data["error"]) == (
        "ENCRYPTED",
        "The document is protected by a password",
    )


def test_a_cancelled_job_is_told_of_so_that_nobody_waits_for_it() -> None:
    job = queued()
    job.cancel()

    assert [name for name, _ in told(job)] == ["processing_cancelled"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (Source.WATCHER, ["file_detected"]),
        (Source.DOWNLOADER, []),
        (Source.UPLOAD, []),
        (Source.TERMINAL, []),
    ],
)
def test_it_is_told_which_way_a_file_came_by_itself(source: Source, names: list[str]) -> None:
    found = told(queued(source))

    assert [name for name, _ in found] == names
    assert all(data["job_id"] == str(JOB) for _, data in found)
    assert all(data["file_path"] == "source/sheet.pdf" for _, data in found)

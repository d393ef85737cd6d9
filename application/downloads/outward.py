"""What outsiders are told of downloads (seed football)."""

from typing import Any

from application.outward import OutwardEvents
from domain.downloads.events import DownloadCompleted
from domain.events import Recorded

download_events = OutwardEvents()


@download_events.on(
    DownloadCompleted,
    name="download_completed",
    description="The downloader fetched a file; without a job_id its content was known before",
    example={
        "job_id": "550e8400-e29b-41d4-a716-446655440000",
        "file_path": "source/document.pdf",
        "document_id": "3f1c0d9a5b7e4f2c8d6a1b0e9f8c7d6a",
        "size_bytes": 240_189,
    },
)
def download_completed(recorded: Recorded[DownloadCompleted]) -> dict[str, Any]:
    """Tell under which path the file is known, and which job is for it."""
    event = recorded.event
    return {
        "job_id": event.job_id,
        "file_path": event.file_path,
        "document_id": event.document_id,
        "size_bytes": event.size_bytes,
    }

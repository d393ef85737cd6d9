"""What is recorded of an address that sheets are fetched from, and what is not worth an event."""

from typing import Any

from domain.downloads.download import Download
from domain.downloads.events import (
    DownloadBegun,
    DownloadCompleted,
    DownloadFailed,
    DownloadUnchanged,
    FailedBecause,
    Validators,
)

FIRST = Validators(etag='"one"')
SECOND = Validators(etag='"two"', last_modified="Fri, 18 Jul 2025 06:00:00 GMT")


def complete(download: Download, sha256: str, validators: Validators) -> None:
    fields: dict[str, Any] = {"file_path": "source/x.pdf", "document_id": sha256, "job_id": None}
    download.complete(sha256=sha256, size_bytes=5, validators=validators, **fields)


def kinds(download: Download) -> list[type]:
    return [type(event) for event in download.pending()]


def test_an_address_is_named_by_a_digest_for_it_may_hold_a_token() -> None:
    download = Download.begin("https://example.org/x?token=secret")

    assert "secret" not in download.id
    assert download.id.startswith("download-")


def test_a_new_file_is_recorded_with_what_to_ask_by_next_time() -> None:
    download = Download.begin("https://example.org")
    complete(download, "a", FIRST)
    complete(download, "b", SECOND)

    assert download.state.validators == SECOND
    assert download.state.completed_at is not None
    assert kinds(download) == [DownloadBegun, DownloadCompleted, DownloadCompleted]


def test_the_same_file_again_is_no_new_one() -> None:
    download = Download.begin("https://example.org")
    complete(download, "a", FIRST)
    complete(download, "a", FIRST)
    complete(download, "a", SECOND)

    assert download.state.validators == SECOND
    assert kinds(download) == [DownloadBegun, DownloadCompleted, DownloadUnchanged]


def test_nothing_new_changes_nothing() -> None:
    download = Download.begin("https://example.org")
    complete(download, "a", FIRST)
    download.find_unchanged()

    assert kinds(download) == [DownloadBegun, DownloadCompleted]


def test_a_failure_is_told_once_until_it_works_again() -> None:
    download = Download.begin("https://example.org")
    download.fail(FailedBecause.BAD_STATUS, 503)
    download.fail(FailedBecause.BAD_STATUS, 500)
    download.find_unchanged()
    download.fail(FailedBecause.TIMEOUT, None)

    assert kinds(download) == [DownloadBegun, DownloadFailed, DownloadUnchanged, DownloadFailed]
    assert download.state.failed_because is FailedBecause.TIMEOUT

"""The download: an address that sheets are fetched from, and what came from it last."""

import hashlib
from typing import TYPE_CHECKING

from domain.aggregate import Aggregate
from domain.downloads.events import (
    DownloadBegun,
    DownloadCompleted,
    DownloadFailed,
    DownloadState,
    DownloadUnchanged,
    FailedBecause,
    Validators,
)


class Download(Aggregate):
    """What is known of an address; it is named by a digest, since a URL may hold a token."""

    TOPIC = "Download"
    CATEGORY = "download"
    STATE = DownloadState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: DownloadState

    @classmethod
    def begin(cls, url: str) -> "Download":
        """Ask an address for the first time."""
        return cls._create(DownloadBegun, id=cls.stream_id(digest_of(url)))

    def complete(
        self,
        *,
        file_path: str,
        document_id: str,
        job_id: str | None,
        sha256: str,
        size_bytes: int,
        validators: Validators,
    ) -> None:
        """Have fetched a file; the same one again changes no more than by what to ask for it."""
        if sha256 == self.state.sha256:
            self.find_unchanged(validators)
            return
        self.trigger_event(
            DownloadCompleted,
            file_path=file_path,
            document_id=document_id,
            job_id=job_id,
            sha256=sha256,
            size_bytes=size_bytes,
            validators=validators,
        )

    def find_unchanged(self, validators: Validators | None = None) -> None:
        """Have been told that there is nothing new."""
        validators = validators or self.state.validators
        if validators != self.state.validators or self.state.failed_because is not None:
            self.trigger_event(DownloadUnchanged, validators=validators)

    def fail(self, reason: FailedBecause, status_code: int | None) -> None:
        """Be unable to fetch anything; the same reason again changes nothing."""
        if reason is not self.state.failed_because:
            self.trigger_event(DownloadFailed, reason=reason, status_code=status_code)


def digest_of(url: str) -> str:
    """Give the digest of a URL, in hex."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]

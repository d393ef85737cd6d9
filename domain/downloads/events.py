"""What happens to an address that sheets are fetched from."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from domain.events import CreatedEvent, DomainEvent

if TYPE_CHECKING:
    from domain.downloads.download import Download


class FailedBecause(StrEnum):
    """Why nothing could be fetched."""

    NETWORK_ERROR = "network_error"
    TIMEOUT = "timeout"
    ADDRESS_REFUSED = "address_refused"
    BAD_STATUS = "bad_status"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    TOO_LARGE = "too_large"
    NOT_A_PDF = "not_a_pdf"


class Validators(msgspec.Struct, frozen=True, kw_only=True):
    """By what a server tells whether there is something new."""

    etag: str | None = None
    last_modified: str | None = None


class DownloadState(msgspec.Struct, kw_only=True):
    """What was fetched last, and when; ``failed_because`` while nothing can be."""

    validators: Validators
    sha256: str | None = None
    completed_at: datetime | None = None
    failed_because: FailedBecause | None = None


class DownloadBegun(CreatedEvent, frozen=True, kw_only=True):
    """An address was asked for the first time. Its stream is named by a digest of it."""

    TOPIC = "DownloadBegun"

    def apply(self, aggregate: "Download") -> None:
        """Have fetched nothing yet."""
        aggregate.state = DownloadState(validators=Validators())


class DownloadCompleted(DomainEvent, frozen=True, kw_only=True):
    """A file came that is not the last one again; ``job_id`` is None if its content was known."""

    TOPIC = "DownloadCompleted"

    file_path: str
    document_id: str
    job_id: str | None
    sha256: str
    size_bytes: int
    validators: Validators

    def apply(self, aggregate: "Download") -> None:
        """Have this file last."""
        aggregate.state = DownloadState(
            validators=self.validators, sha256=self.sha256, completed_at=self.timestamp
        )


class DownloadUnchanged(DomainEvent, frozen=True, kw_only=True):
    """The last file came again under other validators, or an address that failed answers again."""

    TOPIC = "DownloadUnchanged"

    validators: Validators

    def apply(self, aggregate: "Download") -> None:
        """Ask by the new validators."""
        aggregate.state.validators = self.validators
        aggregate.state.failed_because = None


class DownloadFailed(DomainEvent, frozen=True, kw_only=True):
    """Nothing could be fetched, however often it was tried; told once until it works again."""

    TOPIC = "DownloadFailed"

    reason: FailedBecause
    status_code: int | None

    def apply(self, aggregate: "Download") -> None:
        """Be failing."""
        aggregate.state.failed_because = self.reason

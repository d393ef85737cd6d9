"""The document: a sheet by its bytes, whichever way and under whichever name they came in."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from domain.aggregate import Aggregate
from domain.documents.events import (
    AnomaliesFound,
    DocumentArrivedAgain,
    DocumentDeleted,
    DocumentProcessed,
    DocumentState,
    DocumentStored,
    FoundAnomaly,
    NormalizedName,
    Source,
    TeamNamesNormalized,
)
from domain.errors import RuleViolatedError

# Hex digits of the digest in the name of the stream: nobody finds two documents that share them.
PREFIX_LENGTH = 32

# So that no event grows without bound, however much is wrong with a sheet.
ITEMS_IN_AN_EVENT = 200

T = TypeVar("T")


class DeletedDocumentError(RuleViolatedError):
    """The bytes of a document were deleted, and what needs them cannot be done."""

    def __init__(self) -> None:
        super().__init__("The document has been deleted; upload it again")


class Document(Aggregate):
    """A document. Its stream is named by the digest of its bytes, so that none is there twice."""

    TOPIC = "Document"
    CATEGORY = "document"
    STATE = DocumentState

    if TYPE_CHECKING:
        state: DocumentState

    @classmethod
    def store(cls, sha256: str, *, size_bytes: int, file_path: str, source: Source) -> "Document":
        """Keep a document of which there was nothing yet."""
        return cls._create(
            DocumentStored,
            id=cls.stream_id(document_id(sha256)),
            sha256=sha256,
            size_bytes=size_bytes,
            file_path=file_path,
            source=source,
        )

    def arrive_again(self, *, file_path: str, source: Source) -> None:
        """Take the same bytes in again; of no effect while they are at hand under this path."""
        if self.state.has_bytes and self.state.file_path == file_path:
            return
        self.trigger_event(DocumentArrivedAgain, file_path=file_path, source=source)

    def check_bytes(self) -> None:
        """Raise DeletedDocumentError if the bytes are not kept any more."""
        if not self.state.has_bytes:
            raise DeletedDocumentError

    def record_processing(
        self,
        job_id: str,
        *,
        pages: int,
        issue_date: date | None,
        games: int,
        markets: int,
        odds: int,
        names: Sequence[NormalizedName],
        anomalies: Sequence[FoundAnomaly],
    ) -> None:
        """Say what a job took out of the document."""
        for some_names in _batched(names, ITEMS_IN_AN_EVENT):
            self.trigger_event(TeamNamesNormalized, job_id=job_id, names=some_names)
        for some_anomalies in _batched(anomalies, ITEMS_IN_AN_EVENT):
            self.trigger_event(AnomaliesFound, job_id=job_id, anomalies=some_anomalies)
        self.trigger_event(
            DocumentProcessed,
            job_id=job_id,
            pages=pages,
            issue_date=issue_date,
            games=games,
            markets=markets,
            odds=odds,
            anomalies=len(anomalies),
        )

    def delete(self) -> None:
        """Keep the bytes no longer; of no effect the second time."""
        if self.state.has_bytes:
            self.trigger_event(DocumentDeleted)


def document_id(sha256: str) -> str:
    """Give the id of the document with this digest, in hex."""
    return sha256[:PREFIX_LENGTH]


def _batched(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Give items in lists of this size, the last of which may be shorter."""
    for first in range(0, len(items), size):
        yield list(items[first : first + size])

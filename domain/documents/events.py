"""What happens to documents and to the names that they are kept under."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from domain.events import CreatedEvent, DomainEvent

if TYPE_CHECKING:
    from domain.documents.document import Document
    from domain.documents.file_path import DocumentPath


class Source(StrEnum):
    """Which way a document came in."""

    UPLOAD = "upload"
    WATCHER = "watcher"
    DOWNLOADER = "downloader"
    TERMINAL = "terminal"


class FoundAnomaly(msgspec.Struct, frozen=True, kw_only=True):
    """Something on a page that cannot be right, with the line that shows it.

    ``line`` counts from 1, 0 is the whole page; ``game_id`` is None where it is about no game.
    """

    kind: str
    severity: str
    message: str
    page: int
    line: int
    text: str
    other_text: str | None
    game_id: str | None


class NormalizedName(msgspec.Struct, frozen=True, kw_only=True):
    """A team that is not called what the sheet calls it, and why; the score is 0 to 1."""

    league: str
    printed: str
    name: str
    score: float
    basis: str


class DocumentState(msgspec.Struct, kw_only=True):
    """A document as its events have made it."""

    sha256: str
    size_bytes: int
    file_path: str
    has_bytes: bool = True


class DocumentPathState(msgspec.Struct, kw_only=True):
    """Which document a path leads to."""

    document_id: str


class DocumentStored(CreatedEvent, frozen=True, kw_only=True):
    """The bytes of a document were stored, under a path and by their digest."""

    TOPIC = "DocumentStored"

    sha256: str
    size_bytes: int
    file_path: str
    source: Source

    def apply(self, aggregate: "Document") -> None:
        """Begin with its bytes at hand."""
        aggregate.state = DocumentState(
            sha256=self.sha256, size_bytes=self.size_bytes, file_path=self.file_path
        )


class DocumentArrivedAgain(DomainEvent, frozen=True, kw_only=True):
    """The same bytes came in under another path, or after they had been deleted."""

    TOPIC = "DocumentArrivedAgain"

    file_path: str
    source: Source

    def apply(self, aggregate: "Document") -> None:
        """Have the bytes at hand, under the path that they came in by last."""
        aggregate.state.file_path = self.file_path
        aggregate.state.has_bytes = True


class AnomaliesFound(DomainEvent, frozen=True, kw_only=True):
    """A job found anomalies; one job may record several such events, in the order of the sheet."""

    TOPIC = "AnomaliesFound"

    job_id: str
    anomalies: list[FoundAnomaly]

    def apply(self, aggregate: "Document") -> None:
        """Change nothing: what was found is read, not decided on."""


class TeamNamesNormalized(DomainEvent, frozen=True, kw_only=True):
    """A job gave teams other names than the sheet does; one may record several such events."""

    TOPIC = "TeamNamesNormalized"

    job_id: str
    names: list[NormalizedName]

    def apply(self, aggregate: "Document") -> None:
        """Change nothing: what was found is read, not decided on."""


class DocumentProcessed(DomainEvent, frozen=True, kw_only=True):
    """A job took the games out of a document.

    What the same document's earlier jobs found is replaced by what this one did.
    """

    TOPIC = "DocumentProcessed"

    job_id: str
    pages: int
    issue_date: date | None
    games: int
    markets: int
    odds: int
    anomalies: int

    def apply(self, aggregate: "Document") -> None:
        """Change nothing: a document may be processed any number of times."""


class DocumentDeleted(DomainEvent, frozen=True, kw_only=True):
    """The bytes of a document are not kept any more; what was taken out of them stays."""

    TOPIC = "DocumentDeleted"

    def apply(self, aggregate: "Document") -> None:
        """Have no bytes at hand."""
        aggregate.state.has_bytes = False


class DocumentPathTaken(CreatedEvent, frozen=True, kw_only=True):
    """A path leads to a document from now on, and never to another."""

    TOPIC = "DocumentPathTaken"

    document_id: str

    def apply(self, aggregate: "DocumentPath") -> None:
        """Lead to the document."""
        aggregate.state = DocumentPathState(document_id=self.document_id)

"""What happens to a job that processes a document."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from domain.documents.events import Source
from domain.documents.stages import WHOLE, Stage
from domain.events import CreatedEvent, DomainEvent

if TYPE_CHECKING:
    from domain.documents.processing import ProcessingJob


class JobStatus(StrEnum):
    """Where a job stands (contract section 10)."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


class ProcessingParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a document: its games at all, and of them more than the main market."""

    extract_football: bool = True
    main_matches_only: bool = False


class LeagueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How many games and markets a document offers in a league."""

    games: int
    markets: int


class ProcessingResult(msgspec.Struct, frozen=True, kw_only=True):
    """What processing a document came to.

    ``games_listed`` are those that were not known before, ``odds_updated`` those whose offer
    another document made before. ``names_normalized`` counts the different names of teams that
    were changed.
    """

    games_processed: int
    games_listed: int
    odds_updated: int
    markets: int
    odds: int
    anomalies_detected: int
    pages: int
    offer_pages: int
    rows_read: int
    rows_unreadable: int
    teams: int
    names_normalized: int
    games_without_main_market: int
    leagues: dict[str, LeagueFigures]
    anomaly_kinds: dict[str, int]


class ProcessingJobState(msgspec.Struct, kw_only=True):
    """A job as its events have made it; ``stage`` is the last one it entered.

    Of its ``attempts``, so many were ``failures`` of Annals; the others were cut off. The present
    one began at ``attempt_at``.
    """

    document_id: str
    file_path: str
    priority: int
    parameters: ProcessingParameters
    status: JobStatus
    queued_at: datetime
    attempts: int = 0
    failures: int = 0
    started_at: datetime | None = None
    attempt_at: datetime | None = None
    finished_at: datetime | None = None
    progress_percent: float = 0.0
    stage: Stage | None = None
    result: ProcessingResult | None = None
    error_code: str | None = None
    error: str | None = None
    processing_seconds: float | None = None


class ProcessingQueued(CreatedEvent, frozen=True, kw_only=True):
    """A document waits to be processed; the job of the highest priority, 0 to 4, goes first."""

    TOPIC = "ProcessingQueued"

    document_id: str
    file_path: str
    priority: int
    parameters: ProcessingParameters
    source: Source

    def apply(self, aggregate: "ProcessingJob") -> None:
        """Wait."""
        aggregate.state = ProcessingJobState(
            document_id=self.document_id,
            file_path=self.file_path,
            priority=self.priority,
            parameters=self.parameters,
            status=JobStatus.QUEUED,
            queued_at=self.timestamp,
        )


class ProcessingStarted(DomainEvent, frozen=True, kw_only=True):
    """A worker took the job up; once more if the one before died. Attempts count from 1."""

    TOPIC = "ProcessingStarted"

    document_id: str
    file_path: str
    attempt: int

    def apply(self, aggregate: "ProcessingJob") -> None:
        """Run; what was reached before does not count back."""
        state = aggregate.state
        state.status = JobStatus.RUNNING
        state.attempts = self.attempt
        state.started_at = state.started_at or self.timestamp
        state.attempt_at = self.timestamp


class ProcessingStageEntered(DomainEvent, frozen=True, kw_only=True):
    """A stage of the job began. ``estimated_remaining`` is in seconds, None if nobody can tell."""

    TOPIC = "ProcessingStageEntered"

    attempt: int
    stage: Stage
    progress_percent: float
    estimated_remaining: int | None

    def apply(self, aggregate: "ProcessingJob") -> None:
        """Be in the stage."""
        aggregate.state.stage = self.stage
        aggregate.state.progress_percent = self.progress_percent


class ProcessingProgressed(DomainEvent, frozen=True, kw_only=True):
    """A part of a stage is done: ``done`` of ``total`` pages.

    ``estimated_remaining`` is in seconds, None if nobody can tell. Outsiders are told of it if
    ``is_told``: they are not told of every page.
    """

    TOPIC = "ProcessingProgressed"

    attempt: int
    stage: Stage
    done: int
    total: int
    progress_percent: float
    estimated_remaining: int | None
    is_told: bool

    def apply(self, aggregate: "ProcessingJob") -> None:
        """Be further on."""
        aggregate.state.progress_percent = self.progress_percent


class ProcessingStageCompleted(DomainEvent, frozen=True, kw_only=True):
    """A stage of the job is done, with these figures and in so many seconds."""

    TOPIC = "ProcessingStageCompleted"

    attempt: int
    stage: Stage
    figures: dict[str, int]
    seconds: float
    progress_percent: float
    estimated_remaining: int | None

    def apply(self, aggregate: "ProcessingJob") -> None:
        """Be further on."""
        aggregate.state.progress_percent = self.progress_percent


class ProcessingAttemptFailed(DomainEvent, frozen=True, kw_only=True):
    """An attempt met an error within Annals, which is no fault of the document's."""

    TOPIC = "ProcessingAttemptFailed"

    attempt: int

    def apply(self, aggregate: "ProcessingJob") -> None:
        """Count it; the job goes on with another attempt."""
        aggregate.state.failures += 1


class ProcessingEnded(DomainEvent, frozen=True, kw_only=True):
    """The job ended in one of its ways; ``processing_seconds`` is since it was first taken up."""

    document_id: str
    file_path: str
    processing_seconds: float

    def _end(self, aggregate: Any, status: JobStatus) -> None:
        aggregate.state.status = status
        aggregate.state.finished_at = self.timestamp
        aggregate.state.processing_seconds = self.processing_seconds


class ProcessingCompleted(ProcessingEnded, frozen=True, kw_only=True):
    """The games of the document are recorded, together with this."""

    TOPIC = "ProcessingCompleted"

    result: ProcessingResult

    def apply(self, aggregate: "ProcessingJob") -> None:
        """Be done."""
        self._end(aggregate, JobStatus.COMPLETED)
        aggregate.state.progress_percent = WHOLE
        aggregate.state.result = self.result


class ProcessingFailed(ProcessingEnded, frozen=True, kw_only=True):
    """The document cannot be processed. ``error`` says why in words for people."""

    TOPIC = "ProcessingFailed"

    code: str
    error: str

    def apply(self, aggregate: "ProcessingJob") -> None:
        """Be at an end, with nothing recorded of the document."""
        self._end(aggregate, JobStatus.FAILED)
        aggregate.state.error_code = self.code
        aggregate.state.error = self.error


class ProcessingCancelled(ProcessingEnded, frozen=True, kw_only=True):
    """Somebody called the job off; nothing of the document is recorded."""

    TOPIC = "ProcessingCancelled"

    def apply(self, aggregate: "ProcessingJob") -> None:
        """Be at an end, with nothing recorded of the document."""
        self._end(aggregate, JobStatus.CANCELLED)

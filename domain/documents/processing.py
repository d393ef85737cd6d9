"""The job that processes a document, stage by stage."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.aggregate import Aggregate
from domain.documents.events import Source
from domain.documents.processing_events import (
    ENDED,
    JobStatus,
    ProcessingAttemptFailed,
    ProcessingCancelled,
    ProcessingCompleted,
    ProcessingFailed,
    ProcessingJobState,
    ProcessingParameters,
    ProcessingProgressed,
    ProcessingQueued,
    ProcessingResult,
    ProcessingStageCompleted,
    ProcessingStageEntered,
    ProcessingStarted,
)
from domain.documents.stages import Stage, percent, remaining_seconds
from domain.errors import InvalidFieldError, RuleViolatedError

LOWEST_PRIORITY = 0
DEFAULT_PRIORITY = 2
HIGHEST_PRIORITY = 4


class JobEndedError(RuleViolatedError):
    """The job has ended, and nothing more can become of it."""

    def __init__(self, status: JobStatus) -> None:
        super().__init__(f"The job is {status} already")


class ProcessingJob(Aggregate):
    """A job. Whoever took it up last is the only one who may report on it, by the attempt."""

    TOPIC = "ProcessingJob"
    CATEGORY = "job"
    STATE = ProcessingJobState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: ProcessingJobState

    @classmethod
    def queue(
        cls,
        job_id: UUID,
        *,
        document_id: str,
        file_path: str,
        priority: int,
        parameters: ProcessingParameters,
        source: Source,
    ) -> "ProcessingJob":
        """Let a document wait to be processed. Raises InvalidFieldError for a priority."""
        check_priority(priority)
        return cls._create(
            ProcessingQueued,
            id=cls.stream_id(str(job_id)),
            document_id=document_id,
            file_path=file_path,
            priority=priority,
            parameters=parameters,
            source=source,
        )

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more can become of the job."""
        return self.state.status in ENDED

    def start(self) -> int:
        """Take the job up, after whoever had it died; give the attempt. Raises JobEndedError."""
        self._check_open()
        attempt = self.state.attempts + 1
        self.trigger_event(
            ProcessingStarted,
            document_id=self.state.document_id,
            file_path=self.state.file_path,
            attempt=attempt,
        )
        return attempt

    def enter(self, stage: Stage) -> None:
        """Begin a stage."""
        self.trigger_event(
            ProcessingStageEntered,
            attempt=self.state.attempts,
            stage=stage,
            progress_percent=self._reached(stage, 0.0),
            estimated_remaining=self._remaining(stage, 0.0),
        )

    def progress(self, stage: Stage, done: int, total: int, *, is_told: bool) -> None:
        """Have done so many of all the pages of a stage, and tell outsiders or not."""
        self.trigger_event(
            ProcessingProgressed,
            attempt=self.state.attempts,
            stage=stage,
            done=done,
            total=total,
            progress_percent=self._reached(stage, done / total),
            estimated_remaining=self._remaining(stage, done / total),
            is_told=is_told,
        )

    def complete_stage(self, stage: Stage, figures: Mapping[str, int], seconds: float) -> None:
        """Be done with a stage, which came to these figures."""
        self.trigger_event(
            ProcessingStageCompleted,
            attempt=self.state.attempts,
            stage=stage,
            figures=dict(figures),
            seconds=round(seconds, 3),
            progress_percent=self._reached(stage, 1.0),
            estimated_remaining=self._remaining(stage, 1.0),
        )

    def fail_attempt(self) -> None:
        """Have met an error that is no fault of the document's."""
        self.trigger_event(ProcessingAttemptFailed, attempt=self.state.attempts)

    def complete(self, result: ProcessingResult) -> None:
        """Be done. Raises JobEndedError."""
        self._check_open()
        self.trigger_event(ProcessingCompleted, result=result, **self._end())

    def fail(self, code: str, error: str) -> None:
        """Be unable to process the document; the message is for people. Raises JobEndedError."""
        self._check_open()
        self.trigger_event(ProcessingFailed, code=code, error=error, **self._end())

    def cancel(self) -> None:
        """Call the job off; of no effect the second time. Raises JobEndedError."""
        if self.state.status is JobStatus.CANCELLED:
            return
        self._check_open()
        self.trigger_event(ProcessingCancelled, **self._end())

    def _check_open(self) -> None:
        if self.has_ended:
            raise JobEndedError(self.state.status)

    def _end(self) -> dict[str, str | float]:
        return {
            "document_id": self.state.document_id,
            "file_path": self.state.file_path,
            "processing_seconds": round(self._elapsed_seconds(), 3),
        }

    def _reached(self, stage: Stage, done: float) -> float:
        """Give the progress, which never falls, though a job be begun again."""
        return max(self.state.progress_percent, percent(stage, done))

    def _remaining(self, stage: Stage, done: float) -> int | None:
        """Give the seconds that the rest will take, by the pace of the present attempt."""
        return remaining_seconds(self._elapsed_seconds(), percent(stage, done))

    def _elapsed_seconds(self) -> float:
        """Give how long the present attempt has taken: nobody worked before it was taken up."""
        if self.state.attempt_at is None:
            return 0.0
        return (datetime.now(UTC) - self.state.attempt_at).total_seconds()


def check_priority(priority: int) -> None:
    """Raise InvalidFieldError for what is no priority."""
    if not LOWEST_PRIORITY <= priority <= HIGHEST_PRIORITY:
        message = f"Priority must be between {LOWEST_PRIORITY} and {HIGHEST_PRIORITY}."
        raise InvalidFieldError("priority", message)

"""The read model of documents, the jobs that process them, and what those came to by day."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from domain.documents.events import (
    AnomaliesFound,
    DocumentArrivedAgain,
    DocumentDeleted,
    DocumentProcessed,
    DocumentStored,
    TeamNamesNormalized,
)
from domain.documents.processing_events import (
    JobStatus,
    ProcessingCancelled,
    ProcessingCompleted,
    ProcessingEnded,
    ProcessingFailed,
    ProcessingProgressed,
    ProcessingQueued,
    ProcessingResult,
    ProcessingStageCompleted,
    ProcessingStageEntered,
    ProcessingStarted,
)
from domain.documents.stages import WHOLE
from domain.events import Recorded
from projections.documents.tables import (
    ALL,
    ANOMALIES,
    DAYS,
    DOCUMENTS,
    FIGURE_DAYS,
    JOB_COUNTS,
    JOBS,
    KIND_DAYS,
    LEAGUE_DAYS,
    TOTALS,
    AnomalyRow,
    DayRow,
    DocumentRow,
    JobRow,
    TotalsRow,
)
from projections.projection import Projection, Touched
from projections.table import Rows

documents = Projection(
    "documents",
    version=3,
    schema=Path(__file__).with_name("schema.sql"),
    tables=(DOCUMENTS, JOBS, ANOMALIES, DAYS, TOTALS),
    tallies=(JOB_COUNTS, FIGURE_DAYS, LEAGUE_DAYS, KIND_DAYS),
)


def _document_id(recorded: Recorded[Any]) -> str:
    return recorded.stream_id.removeprefix("document-")


def _job_id(recorded: Recorded[Any]) -> str:
    return recorded.stream_id.removeprefix("job-")


def _its_document(recorded: Recorded[Any]) -> Touched:
    return [(DOCUMENTS, _document_id(recorded))]


def _its_job(recorded: Recorded[Any]) -> Touched:
    return [(JOBS, _job_id(recorded))]


def _its_job_and_sums(recorded: Recorded[Any]) -> Touched:
    return [(JOBS, _job_id(recorded)), (DAYS, _day(recorded)), (TOTALS, ALL)]


def _its_job_document_and_sums(recorded: Recorded[Any]) -> Touched:
    return [*_its_job_and_sums(recorded), (DOCUMENTS, recorded.event.document_id)]


def _day(recorded: Recorded[Any]) -> str:
    timestamp: datetime = recorded.event.timestamp
    return timestamp.astimezone(UTC).date().isoformat()


@documents.on(DocumentStored)
def document_stored(recorded: Recorded[DocumentStored], rows: Rows) -> None:
    """List the document."""
    event = recorded.event
    rows.add(
        DOCUMENTS,
        DocumentRow(
            id=_document_id(recorded),
            sha256=event.sha256,
            file_path=event.file_path,
            size_bytes=event.size_bytes,
            source=event.source,
            has_bytes=True,
            stored_at=event.timestamp,
            updated_at=event.timestamp,
            deleted_at=None,
            processed_at=None,
            processed_by=None,
            pages=None,
            issue_date=None,
            games=0,
            markets=0,
            odds=0,
            anomalies=0,
            names=[],
            found_by=None,
            found=0,
            counted_on=None,
            counted=None,
            stored_position=recorded.position,
            version=recorded.version,
        ),
    )


@documents.on(DocumentArrivedAgain, touches=_its_document)
def document_arrived_again(recorded: Recorded[DocumentArrivedAgain], rows: Rows) -> None:
    """Show the path that it came in by last, and that its bytes are there."""
    document = _changed_document(recorded, rows)
    document.file_path = recorded.event.file_path
    document.has_bytes = True
    document.deleted_at = None


@documents.on(DocumentDeleted, touches=_its_document)
def document_deleted(recorded: Recorded[DocumentDeleted], rows: Rows) -> None:
    """Show that the bytes are gone; all that was taken out of them stays."""
    document = _changed_document(recorded, rows)
    document.has_bytes = False
    document.deleted_at = recorded.event.timestamp


@documents.on(TeamNamesNormalized, touches=_its_document)
def team_names_normalized(recorded: Recorded[TeamNamesNormalized], rows: Rows) -> None:
    """Show the names, in place of those that an earlier job gave."""
    document = _changed_document(recorded, rows)
    _begin_finding(document, recorded.event.job_id)
    document.names = [*document.names, *msgspec.to_builtins(recorded.event.names)]


@documents.on(AnomaliesFound, touches=_its_document)
def anomalies_found(recorded: Recorded[AnomaliesFound], rows: Rows) -> None:
    """List the anomalies, in place of those that an earlier job found."""
    event = recorded.event
    document = _changed_document(recorded, rows)
    _begin_finding(document, event.job_id)
    for anomaly in event.anomalies:
        row = AnomalyRow(
            id=_anomaly_id(document, document.found),
            document_id=document.id,
            number=document.found,
            **msgspec.structs.asdict(anomaly),
        )
        rows.add(ANOMALIES, row)
        document.found += 1


@documents.on(DocumentProcessed, touches=_its_document)
def document_processed(recorded: Recorded[DocumentProcessed], rows: Rows) -> None:
    """Show what was taken out of the document; nothing is left of what an earlier job found."""
    event = recorded.event
    document = _changed_document(recorded, rows)
    _begin_finding(document, event.job_id)
    for number in range(document.found, document.anomalies):
        rows.remove(ANOMALIES, _anomaly_id(document, number))
    document.processed_at = event.timestamp
    document.processed_by = event.job_id
    document.pages = event.pages
    document.issue_date = event.issue_date
    document.games = event.games
    document.markets = event.markets
    document.odds = event.odds
    document.anomalies = event.anomalies


@documents.on(ProcessingQueued)
def processing_queued(recorded: Recorded[ProcessingQueued], rows: Rows) -> None:
    """List the job among those that wait."""
    event = recorded.event
    rows.add(
        JOBS,
        JobRow(
            id=_job_id(recorded),
            document_id=event.document_id,
            file_path=event.file_path,
            priority=event.priority,
            source=event.source,
            status=JobStatus.QUEUED,
            attempts=0,
            progress_percent=0.0,
            current_stage=None,
            estimated_remaining=None,
            stages=[],
            result=None,
            error=None,
            error_code=None,
            queued_at=event.timestamp,
            started_at=None,
            attempt_at=None,
            finished_at=None,
            updated_at=event.timestamp,
            processing_seconds=None,
            queued_position=recorded.position,
            version=recorded.version,
        ),
    )
    rows.count(JOB_COUNTS, JobStatus.QUEUED)


@documents.on(ProcessingStarted, touches=_its_job)
def processing_started(recorded: Recorded[ProcessingStarted], rows: Rows) -> None:
    """Show that the job runs; what a worker that died had done is begun again."""
    job = _changed_job(recorded, rows)
    _move(rows, job, JobStatus.RUNNING)
    job.attempts = recorded.event.attempt
    job.started_at = job.started_at or recorded.event.timestamp
    job.attempt_at = recorded.event.timestamp
    job.stages = []


@documents.on(ProcessingStageEntered, ProcessingProgressed, touches=_its_job)
def processing_progressed(recorded: Recorded[Any], rows: Rows) -> None:
    """Show how far the job is."""
    _progressed(recorded, rows)


@documents.on(ProcessingStageCompleted, touches=_its_job)
def processing_stage_completed(recorded: Recorded[ProcessingStageCompleted], rows: Rows) -> None:
    """Show what the stage came to."""
    event = recorded.event
    job = _progressed(recorded, rows)
    done = {"stage": event.stage, "figures": event.figures, "seconds": event.seconds}
    job.stages = [*job.stages, done]


@documents.on(ProcessingCompleted, touches=_its_job_document_and_sums)
def processing_completed(recorded: Recorded[ProcessingCompleted], rows: Rows) -> None:
    """Show what the job came to, and add it to its day; its document counts once."""
    result = recorded.event.result
    job = _ended(recorded, rows, JobStatus.COMPLETED)
    job.progress_percent = WHOLE
    job.result = msgspec.to_builtins(result)
    day = _edited_day(recorded, rows)
    day.jobs_completed += 1
    day.pages += result.pages
    day.rows_read += result.rows_read
    day.rows_unreadable += result.rows_unreadable
    day.processing_seconds += recorded.event.processing_seconds
    day.longest_seconds = max(day.longest_seconds, recorded.event.processing_seconds)
    totals = rows.edit(TOTALS, ALL)
    totals.jobs_completed += 1
    totals.processing_seconds += recorded.event.processing_seconds
    document = rows.edit(DOCUMENTS, recorded.event.document_id)
    _count_document(rows, document, by=-1)
    document.counted_on = document.counted_on or day.day
    document.counted = _counted(result)
    _count_document(rows, document, by=1)


@documents.on(ProcessingFailed, touches=_its_job_and_sums)
def processing_failed(recorded: Recorded[ProcessingFailed], rows: Rows) -> None:
    """Show why the job failed, and count it to its day."""
    job = _ended(recorded, rows, JobStatus.FAILED)
    job.error = recorded.event.error
    job.error_code = recorded.event.code
    _edited_day(recorded, rows).jobs_failed += 1


@documents.on(ProcessingCancelled, touches=_its_job_and_sums)
def processing_cancelled(recorded: Recorded[ProcessingCancelled], rows: Rows) -> None:
    """Show that the job was called off."""
    _ended(recorded, rows, JobStatus.CANCELLED)


def _changed_document(recorded: Recorded[Any], rows: Rows) -> DocumentRow:
    document = rows.edit(DOCUMENTS, _document_id(recorded))
    document.updated_at = recorded.event.timestamp
    document.version = recorded.version
    return document


def _begin_finding(document: DocumentRow, job_id: str) -> None:
    if document.found_by != job_id:
        document.found_by = job_id
        document.found = 0
        document.names = []


def _anomaly_id(document: DocumentRow, number: int) -> str:
    return f"{document.id}:{number}"


def _changed_job(recorded: Recorded[Any], rows: Rows) -> JobRow:
    job = rows.edit(JOBS, _job_id(recorded))
    job.updated_at = recorded.event.timestamp
    job.version = recorded.version
    return job


def _progressed(recorded: Recorded[Any], rows: Rows) -> JobRow:
    job = _changed_job(recorded, rows)
    job.progress_percent = recorded.event.progress_percent
    job.current_stage = recorded.event.stage
    job.estimated_remaining = recorded.event.estimated_remaining
    return job


def _ended(recorded: Recorded[Any], rows: Rows, status: JobStatus) -> JobRow:
    event: ProcessingEnded = recorded.event
    job = _changed_job(recorded, rows)
    _move(rows, job, status)
    job.finished_at = event.timestamp
    job.processing_seconds = event.processing_seconds
    job.estimated_remaining = None
    _edited_totals(rows).last_ended_at = event.timestamp
    return job


def _counted(result: ProcessingResult) -> dict[str, dict[str, int]]:
    return {
        FIGURE_DAYS.name: {
            "games": result.games_processed,
            "anomalies": result.anomalies_detected,
        },
        LEAGUE_DAYS.name: {league: figures.games for league, figures in result.leagues.items()},
        KIND_DAYS.name: dict(result.anomaly_kinds),
    }


def _count_document(rows: Rows, document: DocumentRow, *, by: int) -> None:
    """Count what the document has to its day; what an earlier job took out of it, off again."""
    if document.counted_on is None or document.counted is None:
        return
    for tally in (FIGURE_DAYS, LEAGUE_DAYS, KIND_DAYS):
        for key, count in document.counted[tally.name].items():
            rows.count(tally, document.counted_on, key, by=by * count)


def _edited_totals(rows: Rows) -> TotalsRow:
    if rows.find(TOTALS, ALL) is None:
        rows.add(TOTALS, TotalsRow(ALL))
    return rows.edit(TOTALS, ALL)


def _edited_day(recorded: Recorded[Any], rows: Rows) -> DayRow:
    day = _day(recorded)
    if rows.find(DAYS, day) is None:
        rows.add(DAYS, DayRow(day))
    return rows.edit(DAYS, day)


def _move(rows: Rows, job: JobRow, status: JobStatus) -> None:
    """Show the job under another status, and count it there."""
    rows.count(JOB_COUNTS, job.status, by=-1)
    rows.count(JOB_COUNTS, status)
    job.status = status

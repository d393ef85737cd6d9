"""The rows of the read model of documents and of the jobs that process them."""

from datetime import date, datetime
from typing import Any

import msgspec

from projections.table import Table, Tally


class DocumentRow(msgspec.Struct):
    """A document, with the figures of the job that processed it last.

    ``names`` are those that its teams were given in place of the printed ones. ``found`` anomalies
    of the job ``found_by`` are listed so far. Trends count ``counted`` of it on ``counted_on``, the
    day on which it was first processed.
    """

    id: str
    sha256: str
    file_path: str
    size_bytes: int
    source: str
    has_bytes: bool
    stored_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    processed_at: datetime | None
    processed_by: str | None
    pages: int | None
    issue_date: date | None
    games: int
    markets: int
    odds: int
    anomalies: int
    names: list[dict[str, Any]]
    found_by: str | None
    found: int
    counted_on: str | None
    counted: dict[str, Any] | None
    stored_position: int
    version: int


class JobRow(msgspec.Struct):
    """A job; ``stages`` are those that are done, each with its figures and seconds.

    It was first taken up at ``started_at``, and by its present worker at ``attempt_at``.
    """

    id: str
    document_id: str
    file_path: str
    priority: int
    source: str
    status: str
    attempts: int
    progress_percent: float
    current_stage: str | None
    estimated_remaining: int | None
    stages: list[dict[str, Any]]
    result: dict[str, Any] | None
    error: str | None
    error_code: str | None
    queued_at: datetime
    started_at: datetime | None
    attempt_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    processing_seconds: float | None
    queued_position: int
    version: int


class AnomalyRow(msgspec.Struct):
    """An anomaly that the last job of a document found, in the order of the sheet."""

    id: str
    document_id: str
    number: int
    game_id: str | None
    kind: str
    severity: str
    message: str
    page: int
    line: int
    text: str
    other_text: str | None


class DayRow(msgspec.Struct):
    """What the jobs that ended on a day, in UTC, came to."""

    day: str
    jobs_completed: int = 0
    jobs_failed: int = 0
    pages: int = 0
    rows_read: int = 0
    rows_unreadable: int = 0
    processing_seconds: float = 0.0
    longest_seconds: float = 0.0


class TotalsRow(msgspec.Struct):
    """What all jobs together came to; there is one such row."""

    id: int
    jobs_completed: int = 0
    processing_seconds: float = 0.0
    last_ended_at: datetime | None = None


ALL = 1

DOCUMENTS = Table("documents", DocumentRow, key="id")
JOBS = Table("jobs", JobRow, key="id")
ANOMALIES = Table("anomalies", AnomalyRow, key="id")
DAYS = Table("days", DayRow, key="day")
TOTALS = Table("totals", TotalsRow, key="id")

JOB_COUNTS = Tally("job_counts", status=str)
FIGURE_DAYS = Tally("figure_days", day=str, figure=str)
LEAGUE_DAYS = Tally("league_days", day=str, league=str)
KIND_DAYS = Tally("kind_days", day=str, kind=str)

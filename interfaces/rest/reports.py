"""What processing came to: the last document, and day by day (seed football)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, get
from litestar.params import Parameter

from application.documents.queueing import READ_MODELS
from interfaces.document_views import AnomalyView, anomaly_view
from interfaces.services import Services
from projections.documents.reports import Trends
from projections.documents.tables import DayRow, JobRow

Days = Annotated[int, Parameter(ge=1, le=365, description="How many days, up to today in UTC")]

QUALITY_FIGURES = (
    "pages",
    "offer_pages",
    "rows_read",
    "rows_unreadable",
    "teams",
    "names_normalized",
    "games_without_main_market",
    "markets",
    "odds",
    "games_listed",
    "odds_updated",
)


class ReportSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a document came to; ``processing_time`` is in seconds."""

    total_games: int
    leagues_processed: int
    teams_normalized: int
    anomalies_detected: int
    processing_time: float | None


class ReportData(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a report: games and markets by league, anomalies, and how well it was read."""

    league_breakdown: Mapping[str, Any]
    anomalies: Sequence[AnomalyView]
    quality_metrics: Mapping[str, Any]


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """The report on the document that was processed last; empty before the first."""

    report_id: str | None
    generated_at: datetime | None
    document_id: str | None
    file_path: str | None
    summary: ReportSummary
    data: ReportData


class DayGames(msgspec.Struct, frozen=True, kw_only=True):
    """How many games the documents have that were first processed on a day."""

    date: str
    games: int


class DayAnomalies(msgspec.Struct, frozen=True, kw_only=True):
    """How many anomalies the documents have that were first processed on a day."""

    date: str
    anomalies: int


class DayPerformance(msgspec.Struct, frozen=True, kw_only=True):
    """How the jobs that ended on a day went; times are in seconds."""

    date: str
    jobs_completed: int
    jobs_failed: int
    average_processing_time: float | None
    longest_processing_time: float | None
    pages: int
    rows_read: int
    rows_unreadable: int


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """How the jobs of a period went; times are in seconds."""

    jobs_completed: int
    jobs_failed: int
    average_processing_time: float | None
    longest_processing_time: float | None
    pages_per_second: float | None
    per_day: Sequence[DayPerformance]


class TrendFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Each day of a period, also such without data; games by league, anomalies by kind.

    A document counts once, with what the last job took out of it; each job counts as one.
    """

    games_per_day: Sequence[DayGames]
    leagues_activity: Mapping[str, int]
    processing_performance: Performance
    anomaly_trends: Sequence[DayAnomalies]
    anomaly_kinds: Mapping[str, int]


class TrendsView(msgspec.Struct, frozen=True, kw_only=True):
    """What processing came to on each of so many days, in UTC."""

    period_days: int
    trends: TrendFigures
    generated_at: datetime


class ReportController(Controller):
    """Reports."""

    path = "/reports"
    tags = ("Reports",)

    @get("/latest", operation_id="getLatestReport", summary="Get the latest report")
    async def latest(self, services: Services) -> ReportView:
        """Report on the document that was processed last."""
        await services.freshness.reach_head(READ_MODELS)
        job = await services.documents.latest_completed()
        if job is None:
            return _empty_report()
        anomalies = await services.documents.anomalies_of(job.document_id)
        return _report(job, [anomaly_view(anomaly) for anomaly in anomalies])

    @get("/trends", operation_id="getTrends", summary="Get trends")
    async def trends(self, services: Services, days: Days = 30) -> TrendsView:
        """Show what processing came to, day by day; days without data are there as zeros."""
        await services.freshness.reach_head(READ_MODELS)
        now = datetime.now(UTC)
        found = await services.reports.trends(now.date(), days)
        return TrendsView(period_days=days, trends=_figures(found), generated_at=now)


def _empty_report() -> ReportView:
    return ReportView(
        report_id=None,
        generated_at=None,
        document_id=None,
        file_path=None,
        summary=ReportSummary(
            total_games=0,
            leagues_processed=0,
            teams_normalized=0,
            anomalies_detected=0,
            processing_time=None,
        ),
        data=ReportData(league_breakdown={}, anomalies=[], quality_metrics={}),
    )


def _report(job: JobRow, anomalies: Sequence[AnomalyView]) -> ReportView:
    assert job.result is not None
    result = job.result
    return ReportView(
        report_id=job.id,
        generated_at=job.finished_at,
        document_id=job.document_id,
        file_path=job.file_path,
        summary=ReportSummary(
            total_games=result["games_processed"],
            leagues_processed=len(result["leagues"]),
            teams_normalized=result["names_normalized"],
            anomalies_detected=result["anomalies_detected"],
            processing_time=job.processing_seconds,
        ),
        data=ReportData(
            league_breakdown=result["leagues"],
            anomalies=anomalies,
            quality_metrics=_quality(result),
        ),
    )


def _quality(result: Mapping[str, Any]) -> dict[str, Any]:
    rows = result["rows_read"] + result["rows_unreadable"]
    figures = {name: result[name] for name in QUALITY_FIGURES}
    readable = result["rows_read"] / rows if rows else None
    return figures | {"readable_rows_ratio": readable, "anomaly_kinds": result["anomaly_kinds"]}


def _figures(found: Trends) -> TrendFigures:
    return TrendFigures(
        games_per_day=[DayGames(date=day, games=games) for day, games in found.games.items()],
        leagues_activity=found.leagues,
        processing_performance=_performance(found.days),
        anomaly_trends=[
            DayAnomalies(date=day, anomalies=anomalies)
            for day, anomalies in found.anomalies.items()
        ],
        anomaly_kinds=found.anomaly_kinds,
    )


def _performance(days: Sequence[DayRow]) -> Performance:
    completed = sum(day.jobs_completed for day in days)
    seconds = sum(day.processing_seconds for day in days)
    pages = sum(day.pages for day in days)
    return Performance(
        jobs_completed=completed,
        jobs_failed=sum(day.jobs_failed for day in days),
        average_processing_time=seconds / completed if completed else None,
        longest_processing_time=max(day.longest_seconds for day in days) if completed else None,
        pages_per_second=pages / seconds if seconds else None,
        per_day=[_day_performance(day) for day in days],
    )


def _day_performance(day: DayRow) -> DayPerformance:
    completed = day.jobs_completed
    return DayPerformance(
        date=day.day,
        jobs_completed=completed,
        jobs_failed=day.jobs_failed,
        average_processing_time=day.processing_seconds / completed if completed else None,
        longest_processing_time=day.longest_seconds if completed else None,
        pages=day.pages,
        rows_read=day.rows_read,
        rows_unreadable=day.rows_unreadable,
    )

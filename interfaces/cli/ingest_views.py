"""What ``annals ingest`` shows: a bar for each sheet that is read, and what was found."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from rich.box import SIMPLE
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from application.intake.ingesting import Ingested
from interfaces.cli.output import errors


class IngestedView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: ``completed``, ``failed``, ``cancelled``, ``refused`` or ``known``.

    Times are in seconds; a refused or known file has no job.
    """

    file: str
    status: str
    job_id: str | None = None
    file_path: str | None = None
    pages: int | None = None
    leagues: int | None = None
    games: int | None = None
    markets: int | None = None
    odds: int | None = None
    anomalies: int | None = None
    processing_time: float | None = None
    error_code: str | None = None
    error: str | None = None


def ingested_view(file: Path, job: Ingested) -> IngestedView:
    """Show what a job came to."""
    result = job.result
    return IngestedView(
        file=str(file),
        status=job.status,
        job_id=str(job.job_id),
        file_path=job.file_path,
        pages=result.pages if result is not None else None,
        leagues=len(result.leagues) if result is not None else None,
        games=result.games_processed if result is not None else None,
        markets=result.markets if result is not None else None,
        odds=result.odds if result is not None else None,
        anomalies=result.anomalies_detected if result is not None else None,
        processing_time=job.processing_seconds,
        error_code=job.error_code,
        error=job.error,
    )


def progress_bars() -> Progress:
    """Make the bars on standard error; none where that is no terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[stage]}", markup=False),
        TimeElapsedColumn(),
        console=errors,
        disable=not errors.is_terminal,
    )


def result_table(views: Sequence[IngestedView]) -> Table:
    """Make the table of what was found; narrow, for names of files are long."""
    table = Table(title="What was found", box=SIMPLE)
    table.add_column("file", overflow="fold")
    table.add_column("status", no_wrap=True)
    for name in ("games", "markets", "odds", "anomalies", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for view in views:
        figures = (view.games, view.markets, view.odds, view.anomalies)
        cells = ["" if figure is None else f"{figure:,}" for figure in figures]
        seconds = "" if view.processing_time is None else f"{view.processing_time:.1f}"
        table.add_row(escape(Path(view.file).name), view.status, *cells, seconds)
    return table


def reasons(views: Sequence[IngestedView]) -> Iterator[str]:
    """Say of each file that was not read why."""
    for view in views:
        if view.error is not None:
            yield f"{view.file}: {view.error}"

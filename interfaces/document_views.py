"""Documents and their anomalies, as they are shown over HTTP and in the terminal alike."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from projections.documents.tables import AnomalyRow, DocumentRow


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """A document; the figures are those of the job that processed it last.

    ``is_stored`` tells whether its bytes are still kept.
    """

    id: str
    sha256: str
    file_path: str
    size_bytes: int
    source: str
    is_stored: bool
    stored_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    processed_at: datetime | None
    job_id: str | None
    issue_date: date | None
    pages: int | None
    games: int
    markets: int
    odds: int
    anomalies: int


class AnomalyView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that cannot be right, with the document, page and line that show it.

    ``line`` counts from 1; 0 is the whole page. ``game_id`` is null where it is about no game.
    """

    kind: str
    severity: str
    message: str
    document_id: str
    page: int
    line: int
    text: str
    other_text: str | None
    game_id: str | None


class DocumentDetailView(DocumentView, frozen=True, kw_only=True):
    """A document with the first thousand of its anomalies, in the order of the sheet.

    ``normalized_names`` are the names of teams that are not those of the sheet, each with its score
    and what it is based on.
    """

    anomaly_list: Sequence[AnomalyView]
    normalized_names: Sequence[Mapping[str, Any]]


def document_view(row: DocumentRow) -> DocumentView:
    """Show a document."""
    return DocumentView(**_shown(row))


def document_detail_view(row: DocumentRow, anomalies: Sequence[AnomalyRow]) -> DocumentDetailView:
    """Show a document with its anomalies."""
    return DocumentDetailView(
        **_shown(row),
        anomaly_list=[anomaly_view(anomaly) for anomaly in anomalies],
        normalized_names=row.names,
    )


def anomaly_view(row: AnomalyRow) -> AnomalyView:
    """Show an anomaly."""
    return AnomalyView(
        kind=row.kind,
        severity=row.severity,
        message=row.message,
        document_id=row.document_id,
        page=row.page,
        line=row.line,
        text=row.text,
        other_text=row.other_text,
        game_id=row.game_id,
    )


def _shown(row: DocumentRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "sha256": row.sha256,
        "file_path": row.file_path,
        "size_bytes": row.size_bytes,
        "source": row.source,
        "is_stored": row.has_bytes,
        "stored_at": row.stored_at,
        "updated_at": row.updated_at,
        "deleted_at": row.deleted_at,
        "processed_at": row.processed_at,
        "job_id": row.processed_by,
        "issue_date": row.issue_date,
        "pages": row.pages,
        "games": row.games,
        "markets": row.markets,
        "odds": row.odds,
        "anomalies": row.anomalies,
    }

import pytest

from domain.documents.document import ITEMS_IN_AN_EVENT, DeletedDocumentError, Document
from domain.documents.events import (
    AnomaliesFound,
    DocumentArrivedAgain,
    DocumentDeleted,
    DocumentProcessed,
    DocumentStored,
    FoundAnomaly,
    Source,
)

DIGEST = "3f" * 32


def stored() -> Document:
    return Document.store(DIGEST, size_bytes=10, file_path="source/sheet.pdf", source=Source.UPLOAD)


def anomaly(line: int) -> FoundAnomaly:
    return FoundAnomaly(
        kind="row_unparsed",
        severity="high",
        message="The row cannot be read",
        page=2,
        line=line,
        text="P 20:30",
        other_text=None,
        game_id=None,
    )


def test_a_document_is_named_by_its_digest() -> None:
    document = stored()
    assert document.id == f"document-{DIGEST[:32]}"
    assert [type(event) for event in document.pending()] == [DocumentStored]


def test_the_same_bytes_under_the_same_path_are_nothing_new() -> None:
    document = stored()
    document.arrive_again(file_path="source/sheet.pdf", source=Source.UPLOAD)
    assert [type(event) for event in document.pending()] == [DocumentStored]


def test_the_same_bytes_under_another_path_are_the_same_document() -> None:
    document = stored()
    document.arrive_again(file_path="source/again.pdf", source=Source.WATCHER)
    assert [type(event) for event in document.pending()] == [DocumentStored, DocumentArrivedAgain]
    assert document.state.file_path == "source/again.pdf"


def test_what_was_deleted_can_come_in_again() -> None:
    document = stored()
    document.delete()
    document.delete()
    with pytest.raises(DeletedDocumentError):
        document.check_bytes()
    document.arrive_again(file_path="source/sheet.pdf", source=Source.UPLOAD)
    document.check_bytes()
    assert [type(event) for event in document.pending()] == [
        DocumentStored,
        DocumentDeleted,
        DocumentArrivedAgain,
    ]


def test_any_number_of_anomalies_is_recorded_in_events_of_a_bounded_size() -> None:
    document = stored()
    found = [anomaly(line) for line in range(1, 2 * ITEMS_IN_AN_EVENT + 2)]
    document.record_processing(
        "job", pages=3, issue_date=None, games=0, markets=0, odds=0, names=[], anomalies=found
    )
    events = document.pending()
    told = [event for event in events if isinstance(event, AnomaliesFound)]
    assert [len(event.anomalies) for event in told] == [200, 200, 1]
    assert [one for event in told for one in event.anomalies] == found
    processed = events[-1]
    assert isinstance(processed, DocumentProcessed)
    assert processed.anomalies == 401

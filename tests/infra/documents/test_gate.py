"""What the gate makes of a document as a whole; each rule on a sheet of a few lines."""

from pathlib import Path

import pypdfium2
import pytest

from application.documents.ports import RefusalCode, UnreadableDocumentError
from infra.documents.gate import inspect
from tests.infra.documents.generated import FRIDAY
from tests.infra.documents.printing import Layout, Line, Row, band_of, print_sheet

MOST_PAGES = 500

ROW = Row(
    start="P 10:30",
    code="00001",
    event="Lech - Slask",
    odds={"H": "1,60", "D": "4,10", "V": "4,75"},
)
SHEET: tuple[Line, ...] = (band_of(FRIDAY), "Labdarúgás, Lengyel bajnokság", ROW)


def written(path: Path, lines: tuple[Line, ...] = SHEET, layout: Layout | None = None) -> Path:
    path.write_bytes(print_sheet(lines, layout or Layout(), FRIDAY))
    return path


def joined(path: Path, *parts: Path) -> Path:
    """Put the pages of several documents into one."""
    with pypdfium2.PdfDocument.new() as whole:
        for part in parts:
            with pypdfium2.PdfDocument(part) as document:
                whole.import_pages(document)
        whole.save(path)
    return path


def refused(path: Path, most_pages: int = MOST_PAGES) -> RefusalCode:
    with pytest.raises(UnreadableDocumentError) as refusal:
        inspect(path, most_pages)
    return refusal.value.code


def test_a_sheet_says_when_it_was_issued_and_where_its_offer_is(tmp_path: Path) -> None:
    facts = inspect(written(tmp_path / "sheet.pdf"), MOST_PAGES)
    assert (facts.page_count, facts.offer_pages, facts.issue_date) == (1, (1,), FRIDAY)


def test_a_page_with_rows_among_those_of_the_offer_is_one_of_them(tmp_path: Path) -> None:
    marked = written(tmp_path / "marked.pdf")
    unmarked = written(tmp_path / "unmarked.pdf", layout=Layout(offer_number=False))
    prose = written(tmp_path / "prose.pdf", ("Kedves Olvasó!",), Layout(offer_number=False))
    whole = joined(tmp_path / "whole.pdf", unmarked, marked, prose, unmarked, marked, unmarked)
    assert inspect(whole, MOST_PAGES).offer_pages == (2, 4, 5)


def test_a_document_without_any_offer_is_refused(tmp_path: Path) -> None:
    layout = Layout(offer_number=False)
    path = written(tmp_path / "letter.pdf", ("Kedves Olvasó!", "12 345 Ft 10:30"), layout)
    assert refused(path) == RefusalCode.NO_USABLE_TEXT


def test_an_offer_whose_words_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "sheet.pdf", ("Lbdrgs; Lngyl bjnksg", ROW), Layout(header=False))
    assert refused(path) == RefusalCode.NO_USABLE_TEXT


def test_more_pages_than_there_may_be_are_refused(tmp_path: Path) -> None:
    one = written(tmp_path / "one.pdf")
    two = joined(tmp_path / "two.pdf", one, one)
    assert inspect(two, 2).page_count == 2
    assert refused(two, 1) == RefusalCode.TOO_MANY_PAGES


def test_a_document_may_end_in_some_blanks_but_not_in_the_middle(tmp_path: Path) -> None:
    path = written(tmp_path / "sheet.pdf")
    whole = path.read_bytes()
    path.write_bytes(whole + b"\r\n\0\0")
    assert inspect(path, MOST_PAGES).page_count == 1
    path.write_bytes(whole[:-10])
    assert refused(path) == RefusalCode.CORRUPT_PDF

"""The gate: what a PDF is, and whether it is read at all. Runs in a process of its own."""

import re
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from application.documents.ports import RefusalCode, UnreadableDocumentError
from domain.documents.sheet import SheetFacts
from domain.documents.wording import (
    SPORTS,
    clean,
    is_day_band,
    read_competition_band,
    read_issue_date,
)

_NEAR_THE_ENDS = 2048

# PDF 1.7, annex C: the largest page there is, in points.
_LONGEST_SIDE = 14_400

_OFFER_PAGE = re.compile(r"Ajánlat:\s*\d+")
_ROWS = (
    re.compile(r"\b(?:H|K|Sze|Cs|P|Szo|V)\s+\d{1,2}:\d{2}\b"),
    re.compile(r"\b\d{5}\b"),
    re.compile(r"\b\d{1,4},\d{2}\b"),
)

_MAY_EXTRACT = 1 << 4
_UNPROTECTED = -1


def inspect(path: Path, most_pages: int) -> SheetFacts:
    """Look at a document as a whole. Raises UnreadableDocumentError if it must be refused."""
    _check_bytes(path)
    with _opened(path) as document:
        _check_rights(document)
        _check_pages(document, most_pages)
        return _facts(document)


def _check_bytes(path: Path) -> None:
    size = path.stat().st_size
    if size == 0:
        raise UnreadableDocumentError(RefusalCode.EMPTY_FILE, "The file is empty")
    with path.open("rb") as file:
        beginning = file.read(_NEAR_THE_ENDS)
        file.seek(max(0, size - _NEAR_THE_ENDS))
        end = file.read()
    if b"%PDF-" not in beginning:
        raise UnreadableDocumentError(RefusalCode.NOT_A_PDF, "The file is not a PDF")
    if b"%%EOF" not in end:
        raise UnreadableDocumentError(
            RefusalCode.CORRUPT_PDF, "The PDF breaks off before its end; was it copied whole?"
        )


def _opened(path: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise UnreadableDocumentError(
                RefusalCode.ENCRYPTED, "The PDF is encrypted and opens with a password only"
            ) from None
        raise UnreadableDocumentError(
            RefusalCode.CORRUPT_PDF, "The PDF is damaged and cannot be opened"
        ) from None


def _check_rights(document: pypdfium2.PdfDocument) -> None:
    if pdfium.FPDF_GetSecurityHandlerRevision(document.raw) != _UNPROTECTED and not (
        pdfium.FPDF_GetDocPermissions(document.raw) & _MAY_EXTRACT
    ):
        raise UnreadableDocumentError(
            RefusalCode.EXTRACTION_FORBIDDEN, "The PDF forbids to take text out of it"
        )
    if (
        pdfium.FPDFDoc_GetJavaScriptActionCount(document.raw) > 0
        or document.count_attachments() > 0
    ):
        raise UnreadableDocumentError(
            RefusalCode.ACTIVE_CONTENT, "The PDF has scripts or other files in it"
        )


def _check_pages(document: pypdfium2.PdfDocument, most_pages: int) -> None:
    count = len(document)
    if count == 0:
        raise UnreadableDocumentError(RefusalCode.CORRUPT_PDF, "The PDF has no pages")
    if count > most_pages:
        raise UnreadableDocumentError(
            RefusalCode.TOO_MANY_PAGES,
            f"The PDF has {count} pages; at most {most_pages} are read",
        )
    for number in range(count):
        width, height = document.get_page_size(number)
        if not 0 < max(width, height) <= _LONGEST_SIDE:
            raise UnreadableDocumentError(
                RefusalCode.RESOURCE_LIMIT, f"Page {number + 1} is larger than a page can be"
            )


def _facts(document: pypdfium2.PdfDocument) -> SheetFacts:
    texts = [_text_of(document, number) for number in range(len(document))]
    if not any(text.strip() for text in texts):
        raise UnreadableDocumentError(
            RefusalCode.NO_TEXT_LAYER, "The PDF has pictures only, and no text that can be read"
        )
    offer = _offer_pages(texts)
    if not offer:
        raise UnreadableDocumentError(
            RefusalCode.NO_USABLE_TEXT, "The PDF has no page with a betting offer"
        )
    if not any(map(_has_band, (texts[number - 1] for number in offer))):
        raise UnreadableDocumentError(
            RefusalCode.NO_USABLE_TEXT,
            "The PDF's text cannot be read: no day and no sport can be found in it",
        )
    dates = (read_issue_date(texts[number - 1]) for number in offer)
    return SheetFacts(
        page_count=len(document),
        offer_pages=tuple(offer),
        issue_date=next((date for date in dates if date), None),
    )


def _offer_pages(texts: Sequence[str]) -> list[int]:
    """Find the pages that say that they are of the offer, and those between them that have rows.

    Where none says so, they are all that have rows.
    """
    marked = [n for n, text in enumerate(texts, start=1) if _OFFER_PAGE.search(text)]
    first, last = (marked[0], marked[-1]) if marked else (1, len(texts))
    return [
        number
        for number, text in enumerate(texts[first - 1 : last], start=first)
        if number in marked or all(sign.search(text) for sign in _ROWS)
    ]


def _text_of(document: pypdfium2.PdfDocument, number: int) -> str:
    page = document[number]
    try:
        return str(page.get_textpage().get_text_range())
    finally:
        page.close()


def _has_band(text: str) -> bool:
    for line in map(clean, text.splitlines()):
        band = read_competition_band(line)
        if is_day_band(line) or (band is not None and band[0].casefold() in SPORTS):
            return True
    return False

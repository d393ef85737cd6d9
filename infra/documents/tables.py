"""The rows of pages as camelot reads them, compared with what pdfium reads there."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pypdfium2
from camelot.io import read_pdf

from domain.documents.sheet import Cells, SheetPage, SheetRow
from domain.documents.wording import HEADER, ROW_START, clean
from domain.games.anomalies import Anomaly, AnomalyKind
from infra.documents.columns import TableColumns, find_tables, words_within
from infra.documents.glyphs import Glyphs, read_glyphs

_ROW_TOLERANCE = 3
_LAYOUT = {
    "boxes_flow": None,  # no order of text boxes is needed, and finding one takes most of the time
    "char_margin": 0.6,  # in widths of a character: tells columns apart that are close
    "line_margin": 0.0,  # no boxes are needed at all
    "detect_vertical": False,  # it takes digits that stand below others out of their numbers
}
_CRUMBS = re.compile(r"[^\W\d]?\.?(?: [^\W\d]?\.?)*")


def read_pages(path: Path, numbers: Sequence[int]) -> Iterator[SheetPage]:
    """Read pages by both readers; camelot's reading is the one that counts."""
    with pypdfium2.PdfDocument(path) as document:
        glyphs = {number: read_glyphs(document[number - 1]) for number in numbers}
        tables = {number: find_tables(glyphs[number]) for number in numbers}
        with _upright(path, document, glyphs) as upright:
            found = _read_by_camelot(upright, glyphs, tables)
    for number in numbers:
        yield _page(
            number,
            [table for table in found if table.page == number],
            tables[number],
            glyphs[number],
        )


@contextmanager
def _upright(
    path: Path, document: pypdfium2.PdfDocument, glyphs: Mapping[int, Glyphs]
) -> Iterator[Path]:
    """Give a document whose pages are turned so that their text is upright."""
    turned = False
    for number, on_page in glyphs.items():
        page = document[number - 1]
        rotation = -90 * on_page.turn % 360
        if page.get_rotation() != rotation:
            page.set_rotation(rotation)
            turned = True
    if not turned:
        yield path
        return
    with TemporaryDirectory() as directory:
        copy = Path(directory) / "upright.pdf"
        document.save(copy)
        yield copy


def _read_by_camelot(
    path: Path, glyphs: Mapping[int, Glyphs], tables: Mapping[int, Sequence[TableColumns]]
) -> Sequence[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # camelot warns of pages without tables
        return list(
            read_pdf(
                str(path),
                pages=",".join(map(str, glyphs)),
                flavor="stream",
                row_tol=_ROW_TOLERANCE,
                layout_kwargs=_LAYOUT,
                per_page={
                    number: _by_camelot(columns, glyphs[number])
                    for number, columns in tables.items()
                    if columns
                },
            )
        )


def _by_camelot(tables: Sequence[TableColumns], glyphs: Glyphs) -> dict[str, Any]:
    return {
        "columns": [",".join(f"{cut:.2f}" for cut in table.cuts) for table in tables],
        "table_areas": [
            f"{table.left:.2f},{glyphs.height:.2f},{table.right:.2f},0" for table in tables
        ],
    }


def _page(
    number: int, found: Sequence[Any], tables: Sequence[TableColumns], glyphs: Glyphs
) -> SheetPage:
    rows: list[SheetRow] = []
    for at, table in enumerate(found):
        rows.extend(_rows(table, number, len(rows), tables[at] if tables else None))
    lines = [
        text
        for left, right in [(table.left, table.right) for table in tables] or [(0, glyphs.width)]
        for line in glyphs.lines
        if (text := clean(" ".join(word.text for word in words_within(line, left, right))))
    ]
    # Letters that are turned are one above the other, and only one of the readers knows it.
    rows = [row for row in rows if row.text in lines or not _CRUMBS.fullmatch(row.text)]
    return SheetPage(
        number=number, rows=tuple(rows), anomalies=tuple(_differences(number, rows, lines))
    )


def _rows(table: Any, number: int, before: int, columns: TableColumns | None) -> Iterator[SheetRow]:
    for at, texts in enumerate(table.data):
        cells = [clean(text) for text in texts]
        if not any(cells):
            continue
        before += 1
        in_columns = None
        if columns is not None and not _crosses(table, at, columns):
            in_columns = Cells(**dict(zip(columns.columns, cells, strict=True)))
        yield SheetRow(
            page=number,
            line=before,
            text=" ".join(cell for cell in cells if cell),
            cells=in_columns,
        )


def _crosses(table: Any, at: int, columns: TableColumns) -> bool:
    """Tell whether a text of a row begins in another column than the one it was put into."""
    top, bottom = table.rows[at]
    edges = [columns.left, *columns.cuts, columns.right]
    for text in table.textlines:
        if not (
            bottom <= (text.y0 + text.y1) / 2 <= top and columns.left <= text.x0 < columns.right
        ):
            continue
        overlaps = [min(text.x1, right) - max(text.x0, left) for left, right in pairwise(edges)]
        begins = sum(cut <= text.x0 + 1 for cut in columns.cuts)
        if overlaps.index(max(overlaps)) != begins:
            return True
    return False


def _differences(number: int, rows: Sequence[SheetRow], lines: Sequence[str]) -> Iterator[Anomaly]:
    """Give the rows that the two readers read differently, or that only one of them sees."""
    first = [
        row for row, counts in zip(rows, _in_table([r.text for r in rows]), strict=True) if counts
    ]
    second = [line for line, counts in zip(lines, _in_table(lines), strict=True) if counts]
    matcher = SequenceMatcher(None, [row.text for row in first], second, autojunk=False)
    for tag, first_from, first_to, second_from, second_to in matcher.get_opcodes():
        if tag == "equal":
            continue
        for at in range(max(first_to - first_from, second_to - second_from)):
            row = first[first_from + at] if first_from + at < first_to else None
            other = second[second_from + at] if second_from + at < second_to else None
            yield Anomaly(
                kind=AnomalyKind.READINGS_DIFFER,
                message="Two readers of the page do not agree on this row",
                page=number,
                line=row.line if row else 0,
                text=row.text if row else "",
                other_text=other,
            )


def _in_table(texts: Sequence[str]) -> list[bool]:
    """Tell which lines stand below a header, or are rows by themselves."""
    below, found = False, any(map(HEADER.search, texts))
    flags = []
    for text in texts:
        is_header = HEADER.search(text) is not None
        flags.append(
            (below or not found or ROW_START.fullmatch(text) is not None) and not is_header
        )
        below = below or is_header
    return flags

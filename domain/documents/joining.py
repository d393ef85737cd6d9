"""Rows as they are printed, joined to the lines that somebody meant: wrapped rows become one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from domain.documents.sheet import Cells, SheetPage, SheetRow
from domain.documents.wording import (
    BOX_HEADER,
    BOX_TITLE,
    FOOTNOTES,
    HEADER,
    ROW_START,
    SPORTS,
    clean,
    is_day_band,
    read_competition_band,
)
from domain.games.listing import Place

# What stands right of the event: the number of the outcome, where there is one, and the odds.
_ODDS_AT_END = re.compile(r"(?:(?<=\)) \d{2})?(?: \d{1,4},\d{2}){1,3}$")


class LineKind(StrEnum):
    """What a line is, as far as can be told from itself."""

    BAND = "band"
    ROW = "row"
    BOX_TITLE = "box title"
    BOX_HEADER = "box header"
    OTHER = "other"


class SheetLine(msgspec.Struct, kw_only=True):
    """A line with all its parts; ``cells`` is None where the page shows no columns."""

    kind: LineKind
    text: str
    cells: Cells | None
    page: int
    number: int

    @property
    def place(self) -> Place:
        """Where the line begins, with its whole text."""
        return Place(self.page, self.number, self.text)


def join_rows(pages: Iterable[SheetPage]) -> Iterator[SheetLine]:
    """Give the lines of the pages, without what surrounds the table, wrapped ones as one.

    A row goes on where a page ends, too.
    """
    last: SheetLine | None = None
    for page in pages:
        rows = list(_within_table(page.rows))
        kinds = [_kind_of(row) for row in rows]
        above: list[SheetRow] = []
        for at, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
            if _is_part(row) and _stands_centred(rows, kinds, at + 1):
                above.append(row)
                continue
            if kind is LineKind.OTHER and last is not None and _goes_on(last, row):
                _append(last, row)
                continue
            if last is not None:
                yield last
            last = SheetLine(
                kind=kind,
                text=clean(row.text) if row.cells is None else text_of(row.cells),
                cells=row.cells,
                page=row.page,
                number=row.line,
            )
            for part in above:
                _append(last, part)
            above.clear()
    if last is not None:
        yield last


def text_of(cells: Cells) -> str:
    """Write the cells of a row as one line, without the minimum, which is no part of the event."""
    parts = (
        cells.start, cells.code, cells.event, cells.outcome, cells.home, cells.draw, cells.away,
    )  # fmt: skip
    return " ".join(part for part in parts if part)


def _within_table(rows: Sequence[SheetRow]) -> Iterator[SheetRow]:
    """Leave out what stands above the header, but for boxes, and the footnotes."""
    header = next((at for at, row in enumerate(rows) if HEADER.search(clean(row.text))), -1)
    in_box = False
    for at, row in enumerate(rows):
        text = clean(row.text).casefold()
        if text.startswith(FOOTNOTES):
            return
        if at < header:
            in_box = in_box or text.startswith(BOX_TITLE)
            if in_box:
                yield row
        elif at > header and not HEADER.search(clean(row.text)):
            yield row


def _kind_of(row: SheetRow) -> LineKind:
    text = clean(row.text)
    folded = text.casefold()
    band = read_competition_band(text)
    if folded.startswith(BOX_TITLE):
        return LineKind.BOX_TITLE
    if folded.startswith(BOX_HEADER):
        return LineKind.BOX_HEADER
    if is_day_band(text) or (band is not None and band[0].casefold() in SPORTS):
        return LineKind.BAND
    if _is_part(row):
        return LineKind.OTHER
    if ROW_START.fullmatch(text):
        return LineKind.ROW
    return LineKind.OTHER if band is None else LineKind.BAND


def _is_part(row: SheetRow) -> bool:
    """Tell whether a row has an event, or a part of one, but no time and no code."""
    cells = row.cells
    return cells is not None and not cells.start and not cells.code and bool(cells.event)


def _stands_centred(rows: Sequence[SheetRow], kinds: Sequence[LineKind], at: int) -> bool:
    """Tell whether the row there lacks its event, which then is printed above and below it."""
    if at >= len(rows) or kinds[at] is not LineKind.ROW:
        return False
    cells = rows[at].cells
    return cells is not None and not cells.event


def _goes_on(last: SheetLine, row: SheetRow) -> bool:
    """Tell whether a row that is nothing by itself is more of the line before it."""
    if last.kind is not LineKind.ROW:
        return False
    if row.cells is not None:
        return _is_part(row)
    return last.cells is None and not (
        _ODDS_AT_END.search(last.text) and _ODDS_AT_END.search(clean(row.text))
    )


def _append(last: SheetLine, row: SheetRow) -> None:
    if last.cells is not None and row.cells is not None:
        last.cells = _joined(last.cells, row.cells)
        last.text = text_of(last.cells)
        return
    match = _ODDS_AT_END.search(last.text)
    at = len(last.text) if match is None else match.start()
    last.text = clean(f"{last.text[:at]} {clean(row.text)} {last.text[at:]}")


def _joined(cells: Cells, more: Cells) -> Cells:
    parts = zip(msgspec.structs.astuple(cells), msgspec.structs.astuple(more), strict=True)
    return Cells(
        **{
            name: clean(f"{first} {second}")
            for name, (first, second) in zip(Cells.__struct_fields__, parts, strict=True)
        }
    )

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
    is_furniture,
    read_competition_band,
)
from domain.games.listing import Place

# What stands right of the event: the number of the outcome, where there is one, and the odds.
_ODDS_AT_END = re.compile(r"(?:(?<=\)) \d{2})?(?:(?:^| )\d{1,4},\d{2}){1,3}$")


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
    rows = [row for page in pages for row in _within_table(page.rows)]
    kinds = [_kind_of(row) for row in rows]
    above = _parts_above(rows, kinds)
    last: SheetLine | None = None
    for at, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
        if at in above.claimed:
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
        for part in reversed(above.of_row.get(at, ())):
            _prepend(last, rows[part])
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
        text = clean(row.text)
        folded = text.casefold()
        if folded.startswith(FOOTNOTES):
            return
        if at < header:
            in_box = in_box or folded.startswith(BOX_TITLE)
            if in_box and _kind_of(row) is not LineKind.OTHER:
                yield row
        elif at > header and not HEADER.search(text) and not is_furniture(text):
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


class _Above(msgspec.Struct):
    """Which rows are the beginnings of events that are printed above the rest of their row."""

    of_row: dict[int, list[int]] = msgspec.field(default_factory=dict)
    claimed: set[int] = msgspec.field(default_factory=set)


def _parts_above(rows: Sequence[SheetRow], kinds: Sequence[LineKind]) -> _Above:
    """Find the parts of events that are centred: as many lines stand above a row as below it.

    A sheet has such events if a row lacks its own, or a part stands where no row is before it.
    """
    above = _Above()
    if not _has_centred(rows, kinds):
        return above
    loose: list[int] = []
    below = 0
    for at, kind in enumerate(kinds):
        if kind is LineKind.OTHER and _is_part(rows[at]):
            if below:
                below -= 1
            else:
                loose.append(at)
            continue
        if kind is LineKind.ROW:
            above.of_row[at] = loose
            above.claimed.update(loose)
        below = len(loose) if kind is LineKind.ROW else 0
        loose = []
    return above


def _has_centred(rows: Sequence[SheetRow], kinds: Sequence[LineKind]) -> bool:
    before = LineKind.OTHER
    for row, kind in zip(rows, kinds, strict=True):
        is_part = kind is LineKind.OTHER and _is_part(row)
        lacks_event = kind is LineKind.ROW and row.cells is not None and not row.cells.event
        if (is_part and before is LineKind.BAND) or (
            lacks_event and before is not LineKind.BOX_HEADER
        ):
            return True
        before = kind
    return False


def _goes_on(last: SheetLine, row: SheetRow) -> bool:
    """Tell whether a row that is nothing by itself is more of the line before it."""
    if last.kind is not LineKind.ROW:
        return False
    if row.cells is not None:
        return _is_part(row) and not (_has_odds(row.cells) and _has_odds(last.cells))
    if last.cells is not None:
        return False
    # Without columns only the odds tell whether a row is whole, and what is about to end one.
    if _ODDS_AT_END.search(last.text):
        return last.page == row.page and not _ODDS_AT_END.search(clean(row.text))
    return True


def _has_odds(cells: Cells | None) -> bool:
    return cells is not None and bool(cells.home or cells.draw or cells.away)


def _append(last: SheetLine, row: SheetRow) -> None:
    if last.cells is not None and row.cells is not None:
        last.cells = _joined(last.cells, row.cells)
        last.text = text_of(last.cells)
        return
    match = _ODDS_AT_END.search(last.text)
    at = len(last.text) if match is None else match.start()
    last.text = clean(f"{last.text[:at]} {clean(row.text)} {last.text[at:]}")


def _prepend(line: SheetLine, row: SheetRow) -> None:
    assert row.cells is not None
    line.cells = _joined(row.cells, line.cells or Cells())
    line.text = text_of(line.cells)


def _joined(cells: Cells, more: Cells) -> Cells:
    parts = zip(msgspec.structs.astuple(cells), msgspec.structs.astuple(more), strict=True)
    return Cells(
        **{
            name: clean(f"{first} {second}")
            for name, (first, second) in zip(Cells.__struct_fields__, parts, strict=True)
        }
    )

"""Betting sheets set anew from games, in the layouts that sheets of this family may have."""

import datetime
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import reportlab
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from domain.documents.wording import SHORT_WEEKDAYS, WEEKDAYS

FONT = "Sheet"
SHORT = {number: short for short, number in SHORT_WEEKDAYS.items()}
MONTHS = (
    "január", "február", "március", "április", "május", "június", "július", "augusztus",
    "szeptember", "október", "november", "december",
)  # fmt: skip
ODDS = 4
HEADERS = ("Kezdési idő", "Sorszám", "Fogadási esemény", "Kim.", "H", "D", "V")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a row prints: the odds by column, H, D and V."""

    start: str
    code: str
    event: str
    outcome: str = ""
    odds: dict[str, str]

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.start, self.code, self.event, self.outcome,
            *(self.odds.get(column, "") for column in "HDV"),
        )  # fmt: skip


Line = str | Row
Printed = str | tuple[str, ...]


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How a sheet is printed.

    ``order`` is that of the texts in the file: row by row, column by column, or word by word
    without a space in it. Events that are longer than ``event_characters``, or than there is room,
    are wrapped; the rest of the row then stands beside the ``wrapped`` line, or alone. ``turned``
    is in degrees; the page is turned back by its own entry, if ``turned_back``.
    """

    rules: str = "none"
    order: str = "rows"
    tables: int = 1
    event_characters: int = 200
    wrapped: str = "first"
    turned: int = 0
    turned_back: bool = False
    header: bool = True
    offer_number: bool = True
    size: float = 6.4
    pitch: float = 11.4
    left: float = 29.0
    rows_a_page: int = 55
    centred_headers: bool = False
    minimum: str = ""


class Table(msgspec.Struct, frozen=True):
    """Where a table stands, and the edges of its columns from its left one."""

    left: float
    top: float
    edges: tuple[float, ...]


def band_of(day: datetime.date) -> str:
    return f"{WEEKDAYS[day.weekday()]} ({day.year}. {MONTHS[day.month - 1]} {day.day}.)"


def print_sheet(lines: Sequence[Line], layout: Layout, issue_date: datetime.date) -> bytes:
    """Print the lines on as many pages as they need."""
    _register_font()
    width, height = A4
    if layout.tables > 1:
        width, height = height * layout.tables / 2, width
    file = io.BytesIO()
    # reportlab itself turns the size of a page that is turned back.
    on_its_side = layout.turned % 180 == 90 and not layout.turned_back
    canvas = Canvas(file, pagesize=(height, width) if on_its_side else (width, height), invariant=1)
    each = width / layout.tables
    edges = _edges(layout, each - 2 * layout.left)
    printed = [part for line in lines for part in _wrapped(line, layout, edges[3] - edges[2] - 4)]
    on_a_table = min(layout.rows_a_page, int((height - 90) / layout.pitch))
    on_a_page = on_a_table * layout.tables
    for number, begin in enumerate(range(0, len(printed), on_a_page), start=1):
        _turn(canvas, layout.turned, width, height)
        _surroundings(canvas, layout, number, issue_date, (width, height))
        on_page = printed[begin : begin + on_a_page]
        in_one = -(-len(on_page) // layout.tables)
        for at in range(layout.tables):
            table = Table(layout.left + at * each, height - 54, edges)
            _print_table(canvas, on_page[at * in_one : (at + 1) * in_one], layout, table)
        if layout.turned_back:
            canvas.setPageRotation(layout.turned)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _register_font() -> None:
    """Use the font that comes with reportlab, which lacks two letters of Hungarian."""
    if FONT in pdfmetrics.getRegisteredFontNames():
        return
    font = TTFont(FONT, str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"))
    for missing, like in zip("őűŐŰ", "õûÕÛ", strict=True):
        font.face.charToGlyph[ord(missing)] = font.face.charToGlyph[ord(like)]
        font.face.charWidths[ord(missing)] = font.face.charWidths[ord(like)]
    pdfmetrics.registerFont(font)


def _turn(canvas: Any, degrees: int, width: float, height: float) -> None:
    if degrees == 90:
        canvas.translate(height, 0)
    elif degrees == 270:
        canvas.translate(0, width)
    elif degrees == 180:
        canvas.translate(width, height)
    canvas.rotate(degrees)


def _edges(layout: Layout, width: float) -> tuple[float, ...]:
    size = layout.size
    odds = width - 3 * 5.6 * size
    return (
        0.0, 7.5 * size, 13.5 * size, odds - 5 * size, odds, odds + 5.6 * size, odds + 11.2 * size,
        width,
    )  # fmt: skip


def _wrapped(line: Line, layout: Layout, room: float) -> Iterator[Printed]:
    """Give the lines that a row takes, as cells; its event has so much room."""
    if isinstance(line, str):
        yield line
        return
    parts = [""]
    for word in line.event.split(" "):
        longer = f"{parts[-1]} {word}".strip()
        if parts[-1] and (len(longer) > layout.event_characters or _width(longer, layout) > room):
            parts.append(word)
        else:
            parts[-1] = longer
    start, code, _, *rest = line.cells
    parts_alone = [("", "", part, "", "", "", "") for part in parts]
    if layout.wrapped == "middle":
        half, odd = divmod(len(parts), 2)
        yield from parts_alone[:half]
        yield (start, code, parts[half] if odd else "", *rest)
        yield from parts_alone[half + odd :]
    else:
        yield (start, code, parts[0], *rest)
        yield from parts_alone[1:]


def _surroundings(
    canvas: Any, layout: Layout, number: int, issue_date: datetime.date, size: tuple[float, float]
) -> None:
    width, height = size
    canvas.setFont(FONT, layout.size)
    date = f"{issue_date.year}. {MONTHS[issue_date.month - 1]} {issue_date.day}."
    canvas.drawString(27, height - 22, date)
    if layout.offer_number:
        canvas.drawString(width - 80, height - 22, f"Ajánlat: {number}")


def _print_table(canvas: Any, lines: Sequence[Printed], layout: Layout, table: Table) -> None:
    """Print a table: bands over its whole width, cells in columns, odds to the right."""
    _rules(canvas, layout, table, len(lines))
    placed = [*_header(layout, table)] if layout.header else []
    for at, line in enumerate(lines):
        y = table.top - (at + 1) * layout.pitch
        if isinstance(line, str):
            placed.append((0, table.left + 1, y, line))
            continue
        if layout.minimum and line[0]:
            x = table.left + table.edges[2] - 1.6 * layout.size
            placed.append((1, x, y, layout.minimum))
        for column, text in enumerate(line):
            x = table.edges[column]
            if column >= ODDS:
                x = table.edges[column + 1] - 3 - _width(text, layout)
            placed.append((column, table.left + x, y, text))
    if layout.order == "columns":
        placed.sort(key=lambda text: (text[0], -text[2]))
    for column, x, y, text in placed:
        if layout.order == "words":
            _print_words(canvas, x, y - (0.4 if column >= ODDS else 0.0), text, layout)
        elif text:
            canvas.drawString(x, y, text)


def _header(layout: Layout, table: Table) -> Iterator[tuple[int, float, float, str]]:
    for column, text in enumerate(HEADERS):
        x = table.edges[column]
        if column >= ODDS or layout.centred_headers:
            x = (table.edges[column] + table.edges[column + 1] - _width(text, layout)) / 2
        yield column, table.left + x, table.top, text


def _print_words(canvas: Any, x: float, y: float, text: str, layout: Layout) -> None:
    for word in text.split():
        canvas.drawString(x, y, word)
        x += _width(f"{word} ", layout)


def _rules(canvas: Any, layout: Layout, table: Table, rows: int) -> None:
    canvas.setLineWidth(0.3)
    left, right = table.left - 1, table.left + table.edges[-1]
    top = table.top + layout.pitch - 3
    bottom = table.top - rows * layout.pitch - 3
    if layout.rules in ("grid", "lines"):
        for at in range(rows + 2):
            canvas.line(left, top - at * layout.pitch, right, top - at * layout.pitch)
    if layout.rules == "grid":
        for edge in table.edges:
            canvas.line(left + edge, top, left + edge, bottom)
    if layout.rules == "zebra":
        canvas.setFillGray(0.9)
        for at in range(1, rows + 1, 2):
            canvas.rect(
                left,
                table.top - at * layout.pitch - 3,
                right - left,
                layout.pitch,
                stroke=0,
                fill=1,
            )
        canvas.setFillGray(0)


def _width(text: str, layout: Layout) -> float:
    return float(pdfmetrics.stringWidth(text, FONT, layout.size))

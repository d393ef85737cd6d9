"""The grammar of an event row: day, time, code, event, number of the outcome, odds."""

import re
from decimal import Decimal

import msgspec

from domain.documents.joining import SheetLine
from domain.documents.sheet import Cells
from domain.documents.wording import DASH, ROW_START, SHORT_WEEKDAYS
from domain.games.anomalies import AnomalyKind

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_CODE = re.compile(r"\d{5}")
_ODD = re.compile(r"(?:[1-9]\d{0,3}|0),\d{2}")
_ODDS_AT_END = re.compile(rf"(?P<event>.*?)(?P<odds>(?:(?:^| ){_ODD.pattern}){{1,3}})$")
_OUTCOME_AT_END = re.compile(r"(?P<event>.+\)) (?P<outcome>0[1-9]|[1-9]\d)")
# What looks like a number of the odds, and is none: 3,4O or -2,10 or 1.85 or a dash.
_SPOILT_ODD = re.compile(rf"[-{DASH}+*~]*[\dlIO]{{1,4}}[.,][\dlIO]{{1,3}}\*?|[-{DASH}]")
LINE_AT_END = re.compile(r"(?:^| )\d{1,2},\d$")
_COLUMNS = "HDV"


class PrintedOdd(msgspec.Struct, frozen=True):
    """A number of the odds, and its column, H, D or V, where that can be told."""

    column: str | None
    odd: Decimal


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event row. ``event`` has the teams and the label, if there is one; a box has none."""

    weekday: int
    time: str
    code: str
    event: str
    is_one_of_many: bool
    odds: tuple[PrintedOdd, ...]

    @property
    def starts_games(self) -> bool:
        """Tell whether the row has the odds that the first row of a game has."""
        return len(self.odds) == len(_COLUMNS) and not self.is_one_of_many


class RowFault(msgspec.Struct, frozen=True):
    """Why a row cannot be read."""

    kind: AnomalyKind
    message: str


def read_row(line: SheetLine) -> EventRow | RowFault:
    """Take an event row apart from its ends, since labels and names have numbers in them, too."""
    match = ROW_START.fullmatch(line.text)
    if match is None:
        return RowFault(AnomalyKind.ROW_UNPARSED, "The row does not begin with day, time and code")
    if (fault := _fault_at_start(match["weekday"], match["time"], match["code"])) is not None:
        return fault
    found = _ODDS_AT_END.fullmatch(match["rest"] or "")
    if found is None:
        return RowFault(AnomalyKind.ODDS_MALFORMED, "The row does not end in odds")
    event, printed = found["event"], found["odds"].split()
    last = event.rsplit(" ", 1)[-1]
    if _SPOILT_ODD.fullmatch(last) and not LINE_AT_END.search(last):
        return RowFault(AnomalyKind.ODDS_MALFORMED, "Not all of the odds can be read")
    numbered = _OUTCOME_AT_END.fullmatch(event) if len(printed) == 1 else None
    return EventRow(
        weekday=SHORT_WEEKDAYS[match["weekday"]],
        time=match["time"],
        code=match["code"],
        event=numbered["event"] if numbered else event,
        is_one_of_many=numbered is not None,
        odds=_in_columns(printed, line.cells),
    )


def _fault_at_start(weekday: str, time: str, code: str) -> RowFault | None:
    if weekday not in SHORT_WEEKDAYS:
        return RowFault(AnomalyKind.ROW_UNPARSED, f"{weekday} is no day of the week")
    if _TIME.fullmatch(time) is None:
        return RowFault(AnomalyKind.TIME_INVALID, f"{time} is no time of the day")
    if _CODE.fullmatch(code) is None:
        return RowFault(AnomalyKind.CODE_INVALID, f"{code} is no code of five digits")
    return None


def _in_columns(printed: list[str], cells: Cells | None) -> tuple[PrintedOdd, ...]:
    """Give the odds their columns: three fill all of them, of fewer only the cells can tell."""
    columns: list[str | None] = list(_COLUMNS) if len(printed) == len(_COLUMNS) else []
    if not columns and cells is not None:
        by_column = zip(_COLUMNS, (cells.home, cells.draw, cells.away), strict=True)
        filled = [(column, text) for column, text in by_column if text]
        if [text for _, text in filled] == printed:
            columns = [column for column, _ in filled]
    if not columns:
        columns = [None] * len(printed)
    return tuple(
        PrintedOdd(column, Decimal(text.replace(",", ".")))
        for column, text in zip(columns, printed, strict=True)
    )

"""From the rows of a sheet to its games: a pure function, whatever the rows are."""

import datetime
from collections.abc import Iterable, Iterator

import msgspec

from domain.documents.days import Kickoff, kickoff_of
from domain.documents.joining import LineKind, SheetLine, join_rows
from domain.documents.listings import Listings
from domain.documents.rows import EventRow, RowFault, read_row
from domain.documents.sheet import SheetPage
from domain.documents.wording import (
    DASH,
    FOOTBALL,
    ROW_START,
    TRACES_OF_A_ROW,
    clean,
    is_day_band,
    read_competition_band,
    read_day_band,
    weekday_of_band,
)
from domain.games.anomalies import Anomaly, AnomalyKind
from domain.games.listing import ListedGame, anomaly_at
from domain.games.names import LONGEST_NAME


class ParsedSheet(msgspec.Struct, frozen=True, kw_only=True):
    """The football games of a sheet, in its order.

    ``anomalies`` are those that belong to no game, ``rows_read`` counts the rows of football
    sections that were understood, ``rows_unreadable`` those that were not.
    """

    games: tuple[ListedGame, ...]
    anomalies: tuple[Anomaly, ...]
    rows_read: int
    rows_unreadable: int


def parse_sheet(issue_date: datetime.date | None, pages: Iterable[SheetPage]) -> ParsedSheet:
    """Find the games in the rows of the pages with the offer.

    Rows of other sports are skipped. A row of a football section that cannot be read becomes an
    anomaly, never nothing.
    """
    pages = list(pages)
    parser = _Parser(issue_date)
    for line in join_rows(pages):
        parser.take(line)
    parser.settle_boxes()
    return ParsedSheet(
        games=tuple(parser.listings.games()),
        anomalies=(*(a for page in pages for a in _of_page(page)), *parser.anomalies),
        rows_read=parser.rows_read,
        rows_unreadable=parser.rows_unreadable,
    )


def _of_page(page: SheetPage) -> Iterator[Anomaly]:
    yield from page.anomalies
    if not any(ROW_START.fullmatch(clean(row.text)) for row in page.rows):
        yield Anomaly(
            kind=AnomalyKind.PAGE_WITHOUT_ROWS,
            message="No row can be found on this page of the offer",
            page=page.number,
            line=0,
            text="",
        )


class _Box(msgspec.Struct, frozen=True):
    """A row of a box with special odds, which the table is to repeat."""

    line: SheetLine
    row: EventRow


class _Parser:
    """Goes down the sheet and knows under which day and competition a row stands."""

    def __init__(self, issue_date: datetime.date | None) -> None:
        self.listings = Listings()
        self.anomalies: list[Anomaly] = []
        self.rows_read = 0
        self.rows_unreadable = 0
        self._issue_date = issue_date
        self._day: datetime.date | None = None
        self._sport: str | None = None
        self._league = ""
        self._box_sport: str | None = None
        self._boxes: list[_Box] = []

    def take(self, line: SheetLine) -> None:
        """Go one line down."""
        match line.kind:
            case LineKind.BAND:
                self._enter(line)
            case LineKind.BOX_TITLE:
                band = read_competition_band(line.text.partition(DASH)[2].strip())
                self._box_sport = band[0].casefold() if band else ""
            case LineKind.BOX_HEADER:
                pass
            case LineKind.ROW:
                self._take_row(line)
            case LineKind.OTHER:
                self._take_other(line)

    def settle_boxes(self) -> None:
        """Report the boxes whose row the table does not have, or not with these odds."""
        by_code = {market.code: market for game in self.listings.games() for market in game.markets}
        for box in self._boxes:
            market = by_code.get(box.row.code)
            if market is None:
                self._report(
                    box.line, AnomalyKind.ROW_UNPARSED, "The table has no row for these odds"
                )
                self.rows_unreadable += 1
            elif list(market.odds.values()) != [printed.odd for printed in box.row.odds]:
                self._report(
                    box.line, AnomalyKind.CONFLICTING_ODDS, "The table has other odds than the box"
                )

    def _enter(self, line: SheetLine) -> None:
        self._box_sport = None
        if is_day_band(line.text):
            self._enter_day(line)
            return
        band = read_competition_band(line.text)
        assert band is not None
        self._sport, self._league = band[0].casefold(), band[1]
        if len(self._league) > LONGEST_NAME:
            self._sport, self._league = None, ""
            self._report(line, AnomalyKind.ROW_UNPARSED, "The band has a name that none can be")

    def _enter_day(self, line: SheetLine) -> None:
        self._sport, self._league = None, ""
        self._day = read_day_band(line.text, self._day or self._issue_date)
        if self._day is None:
            self._report(line, AnomalyKind.DATE_MISMATCH, "The band names a day that cannot be")
        elif self._day.weekday() != weekday_of_band(line.text):
            self._report(line, AnomalyKind.DATE_MISMATCH, f"{self._day} is another day of the week")

    def _take_row(self, line: SheetLine) -> None:
        if self._box_sport is not None:
            in_football = self._box_sport == FOOTBALL
            self._box_sport = None
            row = read_row(line)
            if isinstance(row, EventRow) and not row.event:
                if in_football:
                    self._boxes.append(_Box(line, row))
                return
        if self._sport == FOOTBALL:
            self._take_football(line)
        elif self._sport is None:
            self._refuse(line, RowFault(AnomalyKind.LEAGUE_MISSING, "The row has no competition"))

    def _take_football(self, line: SheetLine) -> None:
        row = read_row(line)
        if isinstance(row, RowFault):
            self._refuse(line, row)
            return
        kickoff = kickoff_of(row, self._day, self._issue_date)
        if kickoff is None:
            self._refuse(line, RowFault(AnomalyKind.DATE_MISMATCH, "The sheet names no day"))
            return
        fault = self.listings.add(self._league, kickoff, row, line)
        if fault is not None:
            self._refuse(line, fault)
            return
        self.rows_read += 1
        self._check_day(line, kickoff)

    def _check_day(self, line: SheetLine, kickoff: Kickoff) -> None:
        if not kickoff.is_plausible:
            self.listings.note(
                line, AnomalyKind.DATE_MISMATCH, f"{kickoff.date} does not fit the day above"
            )

    def _take_other(self, line: SheetLine) -> None:
        """Report a line that is none of those a sheet has, if it has what only rows have."""
        if self._sport == FOOTBALL and TRACES_OF_A_ROW.search(line.text):
            self._refuse(line, RowFault(AnomalyKind.ROW_UNPARSED, "The row cannot be read"))

    def _refuse(self, line: SheetLine, fault: RowFault) -> None:
        self.rows_unreadable += 1
        self._report(line, fault.kind, fault.message)

    def _report(self, line: SheetLine, kind: AnomalyKind, message: str) -> None:
        self.anomalies.append(anomaly_at(line.place, kind, message))

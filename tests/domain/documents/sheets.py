"""Sheets as texts: one line is one row."""

import datetime
from textwrap import dedent

from domain.documents.parsing import ParsedSheet, parse_sheet
from domain.documents.sheet import Cells, SheetPage, SheetRow
from domain.games.listing import ListedGame, ListedMarket

FRIDAY = datetime.date(2025, 7, 18)

OPENING = """
Péntek (2025. július 18.)
Labdarúgás, Lengyel bajnokság
"""


def page(text: str, number: int = 2) -> SheetPage:
    """Make a page without columns."""
    lines = dedent(text).strip().splitlines()
    return SheetPage(
        number=number,
        rows=tuple(
            SheetRow(page=number, line=at, text=line) for at, line in enumerate(lines, start=1)
        ),
    )


def page_in_columns(text: str, number: int = 2) -> SheetPage:
    """Make a page whose rows have their cells between bars, all but the minimum."""
    rows = []
    for at, line in enumerate(dedent(text).strip().splitlines(), start=1):
        parts = [part.strip() for part in line.split("|")]
        whole = " ".join(part for part in parts if part)
        rows.append(SheetRow(page=number, line=at, text=whole, cells=_cells(parts)))
    return SheetPage(number=number, rows=tuple(rows))


def parsed(*pages: SheetPage | str, issue_date: datetime.date | None = FRIDAY) -> ParsedSheet:
    """Parse the pages; a text is a page."""
    whole = [
        page(given, number) if isinstance(given, str) else given
        for number, given in enumerate(pages, start=2)
    ]
    return parse_sheet(issue_date, whole)


def parsed_rows(text: str) -> ParsedSheet:
    """Parse rows that stand under a Friday and a football competition."""
    return parsed(OPENING + dedent(text).strip())


def only_game(sheet: ParsedSheet) -> ListedGame:
    (game,) = sheet.games
    return game


def only_market(sheet: ParsedSheet) -> ListedMarket:
    """Give the one market that the one game has besides the main one."""
    (market,) = only_game(sheet).additional_markets
    return market


def found(sheet: ParsedSheet) -> list[tuple[str, int, int]]:
    """Give kind, page and line of all anomalies."""
    of_games = (anomaly for game in sheet.games for anomaly in game.anomalies)
    return [(a.kind.value, a.page, a.line) for a in (*sheet.anomalies, *of_games)]


def _cells(parts: list[str]) -> Cells | None:
    if len(parts) == 1:
        return None
    start, code, event, outcome, home, draw, away = parts
    return Cells(
        start=start, code=code, event=event, outcome=outcome, home=home, draw=draw, away=away
    )

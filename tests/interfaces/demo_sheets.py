"""Prints the demo's sheets: ``python -m tests.interfaces.demo_sheets``."""

from collections.abc import Iterator
from itertools import groupby

from interfaces.demo.offers import FIRST, LEAGUE, SECOND, Fixture, Sheet
from tests.infra.documents.printing import SHORT, Layout, Line, Row, band_of, print_sheet

NIGHT_ENDS = "12:00"
MARKET_CODES = 20_000


def printed(sheet: Sheet) -> bytes:
    """Print a sheet as its fixtures say."""
    return print_sheet([*_lines(sheet)], Layout(rules="lines"), sheet.issued)


def _lines(sheet: Sheet) -> Iterator[Line]:
    def betting_day(fixture: Fixture) -> int:
        return fixture.day.toordinal() - (fixture.time < NIGHT_ENDS)

    for day, fixtures in groupby(sheet.fixtures, betting_day):
        yield band_of(sheet.issued.fromordinal(day))
        yield f"Labdarúgás, {LEAGUE}"
        for fixture in fixtures:
            yield from _rows(fixture)


def _rows(fixture: Fixture) -> Iterator[Row]:
    start = f"{SHORT[fixture.day.weekday()]} {fixture.time}"
    pair = f"{fixture.home} - {fixture.away}"
    yield Row(start=start, code=fixture.code, event=pair, odds=_columns("HDV", fixture.odds))
    if fixture.goals is not None:
        yield Row(
            start=start,
            code=str(MARKET_CODES + int(fixture.code) % 10_000),
            event=f"{pair} Gólszám 2,5 (H: kev., V: több)",
            odds=_columns("HV", fixture.goals),
        )


def _columns(columns: str, odds: tuple[str, ...]) -> dict[str, str]:
    return {column: odd.replace(".", ",") for column, odd in zip(columns, odds, strict=True)}


if __name__ == "__main__":
    for each in (FIRST, SECOND):
        each.path.write_bytes(printed(each))

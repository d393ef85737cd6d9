"""The real sheet, read once, against its truth: every game, market and number, and nothing else."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from domain.documents.parsing import ParsedSheet, parse_sheet
from domain.documents.sheet import SheetFacts, SheetPage
from domain.games.detection import detect_anomalies
from domain.games.listing import ListedGame, ListedMarket
from domain.games.teams import normalize_teams
from infra.documents.aliases import shipped_aliases
from infra.documents.reader import PdfSheetReader
from tests.corpus import SHEET, TRUTH

pytestmark = pytest.mark.xdist_group("corpus")


class Reading(msgspec.Struct, frozen=True):
    """What the reader made of the sheet."""

    facts: SheetFacts
    pages: list[SheetPage]
    sheet: ParsedSheet


@pytest.fixture(scope="module")
def reading() -> Reading:
    async def read() -> Reading:
        async with PdfSheetReader() as reader:
            facts = await reader.inspect(SHEET)
            pages = [page async for page in reader.pages(SHEET, facts)]
            return Reading(facts, pages, parse_sheet(facts.issue_date, pages))

    return asyncio.run(read())


@pytest.fixture(scope="module")
def truth() -> Mapping[str, Any]:
    whole: Mapping[str, Any] = json.loads(TRUTH.read_text())
    return whole


def test_the_gate_tells_the_issue_and_the_pages_with_the_offer(
    reading: Reading, truth: Mapping[str, Any]
) -> None:
    first, last = truth["document"]["odds_pages"]
    assert str(reading.facts.issue_date) == truth["document"]["issue_date"]
    assert reading.facts.page_count == truth["document"]["pages"]
    assert reading.facts.offer_pages == tuple(range(first, last + 1))
    assert [page.number for page in reading.pages] == list(reading.facts.offer_pages)


def test_every_game_and_market_is_found_letter_for_letter(
    reading: Reading, truth: Mapping[str, Any]
) -> None:
    assert [_as_in_truth(game) for game in reading.sheet.games] == [
        _without_lines(game) for game in truth["games"]
    ]


def test_the_figures_are_those_of_the_truth(reading: Reading, truth: Mapping[str, Any]) -> None:
    games, document = reading.sheet.games, truth["document"]
    markets = [market for game in games for market in game.markets]
    assert len(games) == document["games"] == 340
    assert len(markets) == document["markets"] == 743
    assert sum(len(market.odds) for market in markets) == document["odds_values"] == 1992
    assert len({game.league for game in games}) == document["leagues"]
    assert reading.sheet.rows_read == document["football_rows"]
    assert reading.sheet.rows_unreadable == 0


def test_nothing_about_the_sheet_is_odd_and_no_name_is_changed(reading: Reading) -> None:
    normalized = normalize_teams(reading.sheet.games, shipped_aliases())
    examined = detect_anomalies(normalized.games)
    assert normalized.changes == ()
    assert [anomaly for game in examined for anomaly in game.anomalies] == []
    assert reading.sheet.anomalies == ()
    assert len(examined) == len(reading.sheet.games)


def test_nearly_all_rows_are_read_in_columns(reading: Reading) -> None:
    rows = Counter(row.cells is not None for page in reading.pages for row in page.rows)
    assert rows[True] >= 1047


def _as_in_truth(game: ListedGame) -> Mapping[str, Any]:
    return {
        "league": game.league,
        "date": str(game.date),
        "time": game.time,
        "home_team": game.home_team,
        "away_team": game.away_team,
        "venue_note": game.venue_note,
        "code": game.code,
        "sheet_day": str(game.sheet_day),
        "page": game.page,
        "markets": [_market_as_in_truth(market) for market in game.markets],
    }


def _market_as_in_truth(market: ListedMarket) -> Mapping[str, Any]:
    return {
        "code": market.code,
        "market_type": market.market_type,
        "label": market.label,
        "period": market.period,
        "scope": market.scope,
        "line": market.line,
        "player": market.player,
        "odds": {outcome: float(odd) for outcome, odd in market.odds.items()},
        "rows": [place.page for place in market.rows],
    }


def _without_lines(game: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take away the numbers of the lines, which count the page's header otherwise."""
    markets = [
        {**market, "rows": [page for page, _ in market["rows"]]} for market in game["markets"]
    ]
    return {**game, "markets": markets}

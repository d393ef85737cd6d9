"""Games as a sheet could list them."""

import datetime
from decimal import Decimal
from typing import Any

from domain.games.listing import ListedGame, ListedMarket, Place
from domain.games.market_types import MarketType


def market(code: str = "10001", *, row: int = 3, **fields: Any) -> ListedMarket:
    """Make a market; the odds are texts."""
    odds = fields.pop("odds", {"1": "1.60", "X": "4.10", "2": "4.75"})
    given = {"market_type": MarketType.RESULT, "label": "1X2"} | fields
    return ListedMarket(
        code=code,
        odds={outcome: Decimal(odd) for outcome, odd in odds.items()},
        rows=(Place(2, row, f"row {row}"),),
        **given,
    )


def total(line: str, under: str, over: str, *, code: str, row: int = 4) -> ListedMarket:
    return market(
        code,
        row=row,
        market_type=MarketType.TOTAL_GOALS,
        label=f"Gólszám {line}",
        line=line,
        odds={"under": under, "over": over},
    )


def game(
    home: str,
    away: str,
    *markets: ListedMarket,
    league: str = "Lengyel bajnokság",
    date: str = "2025-07-18",
    time: str = "18:00",
) -> ListedGame:
    """Make a game; without markets it has the main one."""
    listed = markets or (market(),)
    return ListedGame(
        league=league,
        date=datetime.date.fromisoformat(date),
        time=time,
        home_team=home,
        away_team=away,
        printed_home_team=home,
        printed_away_team=away,
        venue_note=None,
        code=listed[0].code,
        sheet_day=datetime.date.fromisoformat(date),
        page=2,
        markets=listed,
    )

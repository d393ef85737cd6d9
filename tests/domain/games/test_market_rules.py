from domain.games.market_rules import arrange_markets
from domain.games.market_types import MarketType
from tests.domain.games.games import game, market, total

PRIORITIES = {MarketType.TOTAL_GOALS: 4, MarketType.HANDICAP: 3}

HANDICAP = market("4", market_type=MarketType.HANDICAP, label="Hendikep 0:1", line="0:1")
CORNERS = market("5", market_type=MarketType.TOTAL_CORNERS, label="Szögletszám 9,5", line="9.5")
GAME = game(
    "A",
    "B",
    CORNERS,
    total("2.5", "1.97", "1.66", code="2"),
    total("3.5", "1.45", "2.40", code="3"),
    HANDICAP,
    market("1"),
)


def test_the_main_market_comes_first_then_by_priority_then_as_on_the_sheet() -> None:
    (arranged,) = arrange_markets([GAME], PRIORITIES)
    assert [market.code for market in arranged.markets] == ["1", "4", "2", "3", "5"]


def test_no_market_is_lost_whatever_the_priorities() -> None:
    (arranged,) = arrange_markets([GAME], {})
    assert [market.code for market in arranged.markets] == ["1", "5", "2", "3", "4"]

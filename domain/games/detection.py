"""What cannot be right about the odds of games (contract, section 10)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import msgspec

from domain.games.anomalies import Anomaly, AnomalyKind
from domain.games.listing import ListedGame, ListedMarket, anomaly_at
from domain.games.market_types import MarketType, Period, Scope

LOWEST_ODD = Decimal("1.01")
HIGHEST_ODD = Decimal(1000)
LEAST_OVERROUND = Fraction("1.00")
GREATEST_OVERROUND = Fraction("1.35")

_UNDER, _OVER = "under", "over"


def detect_anomalies(games: Sequence[ListedGame]) -> tuple[ListedGame, ...]:
    """Give the games with what is odd about them, after what was found before."""
    by_code: dict[str, list[ListedMarket]] = defaultdict(list)
    for game in games:
        for market in game.markets:
            by_code[market.code].append(market)
    return tuple(
        msgspec.structs.replace(
            game,
            anomalies=(*game.anomalies, *_of_game(game), *_doubled_codes(game, by_code)),
        )
        for game in games
    )


def _of_game(game: ListedGame) -> Iterator[Anomaly]:
    main = game.main_market
    if main is None:
        yield anomaly_at(
            game.markets[0].rows[0],
            AnomalyKind.MISSING_MAIN_MARKET,
            "The game has no odds on its result",
        )
    else:
        yield from _overround(main)
    for market in game.markets:
        yield from _out_of_range(market)
    yield from _not_monotonic(game)


def _out_of_range(market: ListedMarket) -> Iterator[Anomaly]:
    for outcome, odd in market.odds.items():
        if not LOWEST_ODD <= odd <= HIGHEST_ODD:
            yield anomaly_at(
                market.rows[0],
                AnomalyKind.ODDS_OUT_OF_RANGE,
                f"The odds {odd} on {outcome} are not between {LOWEST_ODD} and {HIGHEST_ODD}",
            )


def _overround(main: ListedMarket) -> Iterator[Anomaly]:
    if not all(main.odds.values()):
        return
    overround = sum(1 / Fraction(odd) for odd in main.odds.values())
    if not LEAST_OVERROUND <= overround <= GREATEST_OVERROUND:
        yield anomaly_at(
            main.rows[0],
            AnomalyKind.OVERROUND_OUT_OF_RANGE,
            f"The chances that the odds stand for add up to {float(overround):.2f}, which is not "
            f"between {float(LEAST_OVERROUND):.2f} and {float(GREATEST_OVERROUND):.2f}",
        )


def _not_monotonic(game: ListedGame) -> Iterator[Anomaly]:
    """Find goal lines that are likelier than a lower one, which cannot be."""
    lines: dict[tuple[Period, Scope], list[ListedMarket]] = defaultdict(list)
    for market in game.markets:
        if market.market_type is MarketType.TOTAL_GOALS and {_UNDER, _OVER} <= market.odds.keys():
            lines[market.period, market.scope].append(market)
    for markets in lines.values():
        in_order = sorted(markets, key=lambda market: Decimal(market.line or 0))
        for lower, higher in pairwise(in_order):
            if higher.odds[_UNDER] >= lower.odds[_UNDER] or higher.odds[_OVER] <= lower.odds[_OVER]:
                yield anomaly_at(
                    higher.rows[0],
                    AnomalyKind.GOAL_LINE_NOT_MONOTONIC,
                    f"The odds do not fit those of the line {lower.line}",
                    lower.rows[0].text,
                )


def _doubled_codes(game: ListedGame, by_code: dict[str, list[ListedMarket]]) -> Iterator[Anomaly]:
    for market in game.markets:
        first = by_code[market.code][0]
        if first is not market:
            yield anomaly_at(
                market.rows[0],
                AnomalyKind.DUPLICATE_CODE,
                f"Another market has the code {market.code}, too",
                first.rows[0].text,
            )

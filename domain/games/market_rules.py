"""The order of a game's markets, and how many of them are listed."""

from collections.abc import Mapping, Sequence

import msgspec

from domain.games.listing import ListedGame, ListedMarket
from domain.games.market_types import MarketType

_LAST = 1000


def arrange_markets(
    games: Sequence[ListedGame],
    priorities: Mapping[MarketType, int],
    most_additional: int | None = None,
) -> tuple[ListedGame, ...]:
    """Put the main market first, then the others by priority, 1 first, as the sheet has them.

    None is taken away; ``markets_left_out`` counts those that are more than a list is to have.
    """

    def order(market: ListedMarket) -> tuple[bool, int]:
        return not market.is_main, priorities.get(market.market_type, _LAST)

    arranged = []
    for game in games:
        additional = len(game.additional_markets)
        arranged.append(
            msgspec.structs.replace(
                game,
                markets=tuple(sorted(game.markets, key=order)),
                markets_left_out=max(0, additional - most_additional)
                if most_additional is not None
                else 0,
            )
        )
    return tuple(arranged)

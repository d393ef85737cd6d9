"""The order of a game's markets."""

from collections.abc import Mapping, Sequence

import msgspec

from domain.games.listing import ListedGame, ListedMarket
from domain.games.market_types import MarketType

_LAST = 1000


def arrange_markets(
    games: Sequence[ListedGame], priorities: Mapping[MarketType, int]
) -> tuple[ListedGame, ...]:
    """Put the main market first, then the others by priority, 1 first, as the sheet has them."""

    def order(market: ListedMarket) -> tuple[bool, int]:
        return not market.is_main, priorities.get(market.market_type, _LAST)

    return tuple(
        msgspec.structs.replace(game, markets=tuple(sorted(game.markets, key=order)))
        for game in games
    )

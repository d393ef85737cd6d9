"""A game as a sheet lists it: when, who, and the odds of each market."""

import datetime
from decimal import Decimal

import msgspec

from domain.games.anomalies import Anomaly, AnomalyKind
from domain.games.market_types import MarketType, Period, Scope


class Place(msgspec.Struct, frozen=True):
    """Where a row stands: the page, and its line of text there; both count from 1.

    ``text`` is the row as it was read.
    """

    page: int
    line: int
    text: str


class GameIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What tells one game from all others (contract, section 10)."""

    date: datetime.date
    time: str
    home_team: str
    away_team: str


class ListedMarket(msgspec.Struct, frozen=True, kw_only=True):
    """One market of a game: the odds by outcome, in the order of the sheet.

    The keys of ``odds`` are those of the market's type. A market of an unknown type keeps the
    columns of the sheet, H, D and V, or the outcomes as they are printed, or the numbers of its
    odds from left to right, as in ``1.``, where not even the columns can be told. ``line`` is a
    number with a decimal point, or the goals credited before kick-off, as in ``0:1``.
    """

    code: str
    market_type: MarketType
    label: str
    period: Period = Period.FULL_TIME
    scope: Scope = Scope.MATCH
    line: str | None = None
    player: str | None = None
    odds: dict[str, Decimal]
    rows: tuple[Place, ...]

    @property
    def question(self) -> tuple[str, ...]:
        """Give what a game has one market for; nobody knows of those of an unknown type."""
        if self.market_type is MarketType.UNKNOWN:
            return self.code, self.label
        line, player = self.line or "", self.player or ""
        return self.market_type, self.period, self.scope, line, player

    @property
    def is_main(self) -> bool:
        """Tell whether this is the result after 90 minutes, the market that each game has."""
        return self.market_type is MarketType.RESULT and self.period is Period.FULL_TIME


class ListedGame(msgspec.Struct, frozen=True, kw_only=True):
    """A game with what a sheet offers on it.

    ``date`` and ``time`` (HH:MM) are those of the kick-off in Budapest, ``sheet_day`` is the day
    whose offer it belongs to. ``code`` is that of its first row, ``page`` the page of that row.
    ``home_team`` and ``away_team`` are the teams' names, ``printed_…`` what the sheet calls them.
    """

    league: str
    date: datetime.date
    time: str
    home_team: str
    away_team: str
    printed_home_team: str
    printed_away_team: str
    venue_note: str | None
    code: str
    sheet_day: datetime.date
    page: int
    markets: tuple[ListedMarket, ...]
    anomalies: tuple[Anomaly, ...] = ()

    @property
    def identity(self) -> GameIdentity:
        """Give what tells this game from all others."""
        return GameIdentity(
            date=self.date, time=self.time, home_team=self.home_team, away_team=self.away_team
        )

    @property
    def main_market(self) -> ListedMarket | None:
        """Give the market on the result, if there is one."""
        return next((market for market in self.markets if market.is_main), None)

    @property
    def additional_markets(self) -> tuple[ListedMarket, ...]:
        """Give all markets but the main one."""
        main = self.main_market
        return tuple(market for market in self.markets if market is not main)


def anomaly_at(
    place: Place, kind: AnomalyKind, message: str, other_text: str | None = None
) -> Anomaly:
    """Say what is odd about a row; ``other_text`` is the row that it contradicts or repeats."""
    return Anomaly(
        kind=kind,
        message=message,
        page=place.page,
        line=place.line,
        text=place.text,
        other_text=other_text,
    )

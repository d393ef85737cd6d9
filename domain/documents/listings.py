"""Rows gathered to games: which row begins one, and which is a market of it."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from domain.documents.days import Kickoff
from domain.documents.joining import SheetLine
from domain.documents.rows import LINE_AT_END, EventRow, RowFault
from domain.games.anomalies import Anomaly, AnomalyKind
from domain.games.listing import ListedGame, ListedMarket, Place, anomaly_at
from domain.games.market_labels import (
    LabelMeaning,
    read_label,
    read_outcome_label,
    split_off_label,
)
from domain.games.market_types import MarketType
from domain.games.names import LONGEST_NAME

_SEPARATOR = " - "
_VENUE = " (Helyszín: "


class _Market(msgspec.Struct, kw_only=True):
    """A market while its rows are gathered."""

    code: str
    meaning: LabelMeaning
    odds: dict[str, Decimal]
    places: list[Place]


class _Game(msgspec.Struct, kw_only=True):
    """A game while its rows are gathered."""

    league: str
    kickoff: Kickoff
    home_team: str
    away_team: str
    code: str
    page: int
    venue_note: str | None = None
    markets: list[_Market] = msgspec.field(default_factory=list)
    anomalies: list[Anomaly] = msgspec.field(default_factory=list)

    @property
    def pair(self) -> str:
        """The teams as each row of the game begins with."""
        return f"{self.home_team}{_SEPARATOR}{self.away_team}"


class Listings:
    """The games of a sheet so far."""

    def __init__(self) -> None:
        self._games: list[_Game] = []
        self._at_kickoff: dict[tuple[str, Kickoff], list[_Game]] = {}
        self._last: _Game | None = None

    def add(self, league: str, kickoff: Kickoff, row: EventRow, line: SheetLine) -> RowFault | None:
        """Add a row to its game, or begin one; say why if it can be neither."""
        event, venue_note = _take_venue(row.event)
        game = self._game_of(league, kickoff, event)
        if game is None:
            pair = _pair_of(event, row)
            if isinstance(pair, RowFault):
                return pair
            if max(map(len, pair)) > LONGEST_NAME:
                return RowFault(AnomalyKind.ROW_UNPARSED, "The row has a name that none can be")
            game = _Game(
                league=league,
                kickoff=kickoff,
                home_team=pair[0],
                away_team=pair[1],
                code=row.code,
                page=line.page,
            )
        label = event.removeprefix(game.pair).strip()
        fault = _add_market(game, label, row, line)
        if fault is None:
            game.venue_note = game.venue_note or venue_note
            self._keep(game)
        return fault

    def note(self, line: SheetLine, kind: AnomalyKind, message: str) -> None:
        """Keep what is odd about the row that was added last with its game."""
        assert self._last is not None
        self._last.anomalies.append(anomaly_at(line.place, kind, message))

    def games(self) -> Iterator[ListedGame]:
        """Give the games in the order of the sheet."""
        for game in self._games:
            yield ListedGame(
                league=game.league,
                date=game.kickoff.date,
                time=game.kickoff.time,
                home_team=game.home_team,
                away_team=game.away_team,
                printed_home_team=game.home_team,
                printed_away_team=game.away_team,
                venue_note=game.venue_note,
                code=game.code,
                sheet_day=game.kickoff.sheet_day,
                page=game.page,
                markets=tuple(map(_listed, game.markets)),
                anomalies=tuple(game.anomalies),
            )

    def _game_of(self, league: str, kickoff: Kickoff, event: str) -> _Game | None:
        """Find the game whose pair an event begins with; of several the longest pair."""
        games = self._at_kickoff.get((league, kickoff), [])
        fitting = [game for game in games if f"{event} ".startswith(f"{game.pair} ")]
        return max(fitting, key=lambda game: len(game.pair), default=None)

    def _keep(self, game: _Game) -> None:
        self._last = game
        games = self._at_kickoff.setdefault((game.league, game.kickoff), [])
        if not any(game is other for other in games):
            games.append(game)
            self._games.append(game)


def _take_venue(event: str) -> tuple[str, str | None]:
    before, found, after = event.partition(_VENUE)
    venue, closed, rest = after.partition(")")
    return (f"{before}{rest}", venue) if found and closed else (event, None)


def _pair_of(event: str, row: EventRow) -> tuple[str, str] | RowFault:
    """Give the teams of a row that begins a game: one without label, or with a known one."""
    home, separator, away = event.partition(_SEPARATOR)
    if not separator or not home or not away:
        return RowFault(AnomalyKind.ROW_UNPARSED, "The row does not name two teams")
    split = split_off_label(away, in_rows=row.is_one_of_many)
    if split is not None:
        return home, split[0]
    if not row.starts_games:
        if "?" in away or "(" in away:
            return RowFault(
                AnomalyKind.ORPHAN_MARKET_ROW, "The row belongs to a game that is not there"
            )
        return RowFault(AnomalyKind.ODDS_COUNT_MISMATCH, "A game's first row has three odds")
    if LINE_AT_END.search(away):
        return RowFault(AnomalyKind.ODDS_MALFORMED, "Not all of the odds can be read")
    return home, away


def _add_market(game: _Game, label: str, row: EventRow, line: SheetLine) -> RowFault | None:
    """Add a row to the market that it belongs to, or as a market of its own."""
    meaning = _meaning_of(game, label, row)
    odds = _odds_by_outcome(meaning, row)
    if isinstance(odds, RowFault):
        return odds
    same = next((market for market in game.markets if _is_same(market, meaning, row.code)), None)
    if same is None:
        _add_new(game, meaning, odds, row, line)
    elif not odds.keys() & same.odds.keys():
        same.odds.update(odds)
        same.places.append(line.place)
    else:
        _repeat(game, same, odds, row, line)
    return None


def _meaning_of(game: _Game, label: str, row: EventRow) -> LabelMeaning:
    if row.is_one_of_many:
        return read_outcome_label(label, game.home_team, game.away_team)
    return read_label(label or MarketType.RESULT.value)


def _odds_by_outcome(meaning: LabelMeaning, row: EventRow) -> dict[str, Decimal] | RowFault:
    """Give the odds their outcomes; those of an unknown market keep their columns."""
    if meaning.outcome is not None:
        return {meaning.outcome: row.odds[0].odd}
    columns = [printed.column for printed in row.odds]
    if None in columns and meaning.known and len(meaning.columns) == len(row.odds):
        columns = list(meaning.columns)
    if None in columns and not meaning.known:
        columns = [f"{at}." for at in range(1, len(columns) + 1)]
    if None in columns or (meaning.known and not set(columns) <= meaning.columns.keys()):
        return RowFault(
            AnomalyKind.ODDS_COUNT_MISMATCH, "There are not as many odds as there are outcomes"
        )
    return {
        meaning.columns.get(column, column): printed.odd
        for column, printed in zip(columns, row.odds, strict=True)
        if column is not None
    }


def _is_same(market: _Market, meaning: LabelMeaning, code: str) -> bool:
    """Tell whether two rows are of one market: the same question, or one that nobody knows."""
    if not meaning.known:
        return market.code == code and market.meaning.label == meaning.label
    ours, theirs = market.meaning, meaning
    return (ours.market_type, ours.period, ours.scope, ours.line, ours.player) == (
        theirs.market_type,
        theirs.period,
        theirs.scope,
        theirs.line,
        theirs.player,
    )


def _add_new(
    game: _Game, meaning: LabelMeaning, odds: dict[str, Decimal], row: EventRow, line: SheetLine
) -> None:
    game.markets.append(_Market(code=row.code, meaning=meaning, odds=odds, places=[line.place]))
    if not meaning.known:
        game.anomalies.append(
            anomaly_at(
                line.place, AnomalyKind.UNKNOWN_MARKET, f"{meaning.label} is no known market"
            )
        )
    elif meaning.outcome is None and len(odds) < len(meaning.columns):
        game.anomalies.append(
            anomaly_at(
                line.place, AnomalyKind.ODDS_COUNT_MISMATCH, "Not every outcome has its odds"
            )
        )


def _repeat(
    game: _Game, market: _Market, odds: dict[str, Decimal], row: EventRow, line: SheetLine
) -> None:
    """Keep one of two rows that say the same, or the later one of two that do not."""
    earlier = market.places[0].text
    if row.code != market.code:
        game.anomalies.append(
            anomaly_at(
                line.place,
                AnomalyKind.PROBABLE_DUPLICATE_GAME
                if market.meaning.market_type is MarketType.RESULT
                else AnomalyKind.DUPLICATE_ROW,
                f"The market is listed with the code {market.code}, too",
                earlier,
            )
        )
        return
    if all(market.odds.get(outcome) == odd for outcome, odd in odds.items()):
        game.anomalies.append(
            anomaly_at(line.place, AnomalyKind.DUPLICATE_ROW, "The row is printed twice", earlier)
        )
        return
    market.odds.update(odds)
    game.anomalies.append(
        anomaly_at(
            line.place,
            AnomalyKind.CONFLICTING_ODDS,
            "The market has other odds in an earlier row; the later ones are kept",
            earlier,
        )
    )


def _listed(market: _Market) -> ListedMarket:
    meaning = market.meaning
    return ListedMarket(
        code=market.code,
        market_type=meaning.market_type,
        label=meaning.label,
        period=meaning.period,
        scope=meaning.scope,
        line=meaning.line,
        player=meaning.player,
        odds=market.odds,
        rows=tuple(market.places),
    )

"""What a document says of games, as it is recorded."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from domain.documents.document import Document
from domain.documents.events import FoundAnomaly, NormalizedName
from domain.documents.processing_events import LeagueFigures, ProcessingResult
from domain.documents.sheet import SheetFacts
from domain.games.anomalies import Anomaly
from domain.games.events import Offer, OfferedMarket
from domain.games.game import game_id
from domain.games.listing import ListedGame, ListedMarket
from domain.games.teams import NameChange

# A line of a page that has more characters shows by its beginning which it is.
LONGEST_TEXT = 2000


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found in a document; ``anomalies`` are those that belong to no game."""

    facts: SheetFacts
    games: Sequence[ListedGame]
    anomalies: Sequence[Anomaly]
    rows_read: int
    rows_unreadable: int
    names: Sequence[NameChange]

    @property
    def markets(self) -> int:
        """How many markets the document offers."""
        return sum(len(game.markets) for game in self.games)

    @property
    def odds(self) -> int:
        """How many odds the document offers."""
        return sum(len(market.odds) for game in self.games for market in game.markets)

    def found_anomalies(self) -> list[FoundAnomaly]:
        """Give all anomalies in the order of the sheet."""
        of_games = [
            _found(anomaly, game_id(game.identity))
            for game in self.games
            for anomaly in game.anomalies
        ]
        of_none = [_found(anomaly, None) for anomaly in self.anomalies]
        return sorted([*of_games, *of_none], key=lambda found: (found.page, found.line))

    def normalized_names(self) -> list[NormalizedName]:
        """Give the names of teams that are not those that are printed."""
        return [
            NormalizedName(
                league=change.league,
                printed=change.printed,
                name=change.name,
                score=change.score,
                basis=change.basis,
            )
            for change in self.names
        ]

    def offers(self, document: Document) -> dict[str, tuple[ListedGame, Offer]]:
        """Give what the document offers on each game, by the game's id."""
        return {
            game_id(game.identity): (game, _offer(game, document, self.facts))
            for game in self.games
        }

    def result(self, *, listed: int, updated: int) -> ProcessingResult:
        """Give what processing came to; so many games were new, or had another offer before."""
        leagues: dict[str, LeagueFigures] = {}
        for game in self.games:
            before = leagues.get(game.league, LeagueFigures(games=0, markets=0))
            leagues[game.league] = LeagueFigures(
                games=before.games + 1, markets=before.markets + len(game.markets)
            )
        anomalies = self.found_anomalies()
        return ProcessingResult(
            games_processed=len(self.games),
            games_listed=listed,
            odds_updated=updated,
            markets=self.markets,
            odds=self.odds,
            anomalies_detected=len(anomalies),
            pages=self.facts.page_count,
            offer_pages=len(self.facts.offer_pages),
            rows_read=self.rows_read,
            rows_unreadable=self.rows_unreadable,
            teams=len({team for game in self.games for team in (game.home_team, game.away_team)}),
            names_normalized=len(self.names),
            games_without_main_market=sum(game.main_market is None for game in self.games),
            leagues=leagues,
            anomaly_kinds=dict(Counter(found.kind for found in anomalies)),
        )


def _found(anomaly: Anomaly, of_game: str | None) -> FoundAnomaly:
    return FoundAnomaly(
        kind=anomaly.kind,
        severity=anomaly.severity,
        message=anomaly.message,
        page=anomaly.page,
        line=anomaly.line,
        text=anomaly.text[:LONGEST_TEXT],
        other_text=anomaly.other_text[:LONGEST_TEXT] if anomaly.other_text is not None else None,
        game_id=of_game,
    )


def _offer(game: ListedGame, document: Document, facts: SheetFacts) -> Offer:
    return Offer(
        document_id=document.key,
        issue_date=facts.issue_date,
        arrived_at=document.created_on,
        league=game.league,
        printed_home_team=game.printed_home_team,
        printed_away_team=game.printed_away_team,
        venue_note=game.venue_note,
        code=game.code,
        sheet_day=game.sheet_day,
        page=game.page,
        markets=[_market(market, game) for market in game.markets],
    )


def _market(market: ListedMarket, game: ListedGame) -> OfferedMarket:
    return OfferedMarket(
        code=market.code,
        market_type=market.market_type,
        label=market.label,
        period=market.period,
        scope=market.scope,
        line=market.line,
        player=market.player,
        odds=market.odds,
        is_main=market is game.main_market,
        pages=sorted({place.page for place in market.rows}),
    )

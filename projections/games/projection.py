"""The read model of games: each with its current offer, and all that documents ever offered."""

from pathlib import Path
from typing import Any

from domain.events import Recorded
from domain.games.events import GameListed, GameOddsUpdated, Offer, OfferedMarket
from projections.games.folding import key_of, words_of
from projections.games.tables import COUNTS, GAMES, LEAGUE_TEAMS, OFFERS, GameRow, OfferRow
from projections.projection import Projection, Touched
from projections.table import Rows

games = Projection(
    "games",
    version=4,
    schema=Path(__file__).with_name("schema.sql"),
    tables=(GAMES, OFFERS),
    tallies=(COUNTS, LEAGUE_TEAMS),
)


def _game_id(recorded: Recorded[Any]) -> str:
    return recorded.stream_id.removeprefix("game-")


def _itself(recorded: Recorded[Any]) -> Touched:
    return [(GAMES, _game_id(recorded))]


@games.on(GameListed)
def game_listed(recorded: Recorded[GameListed], rows: Rows) -> None:
    """List the game with its first offer."""
    event = recorded.event
    main, additional = _markets(event.offer)
    rows.add(
        GAMES,
        GameRow(
            id=_game_id(recorded),
            date=event.date,
            time=event.time,
            league=event.offer.league,
            league_key=key_of(event.offer.league),
            home_team=event.home_team,
            away_team=event.away_team,
            home_words=words_of(event.home_team),
            away_words=words_of(event.away_team),
            printed_home_team=event.offer.printed_home_team,
            printed_away_team=event.offer.printed_away_team,
            venue_note=event.offer.venue_note,
            code=event.offer.code,
            sheet_day=event.offer.sheet_day,
            page=event.offer.page,
            document_id=event.offer.document_id,
            offer_position=recorded.position,
            issue_date=event.offer.issue_date,
            main_market=main,
            additional_markets=additional,
            offers=1,
            listed_at=event.timestamp,
            updated_at=event.timestamp,
            version=recorded.version,
        ),
    )
    rows.add(OFFERS, _offer_row(recorded))
    rows.count(COUNTS, GAMES.name)
    rows.count(LEAGUE_TEAMS, event.offer.league, event.home_team)
    rows.count(LEAGUE_TEAMS, event.offer.league, event.away_team)


@games.on(GameOddsUpdated, touches=_itself)
def game_odds_updated(recorded: Recorded[GameOddsUpdated], rows: Rows) -> None:
    """Show the offer, if it is the current one; the earlier ones stay in the history."""
    event = recorded.event
    game = rows.edit(GAMES, _game_id(recorded))
    game.offers += 1
    game.updated_at = event.timestamp
    game.version = recorded.version
    rows.add(OFFERS, _offer_row(recorded))
    if event.is_current:
        game.main_market, game.additional_markets = _markets(event.offer)
        game.league = event.offer.league
        game.league_key = key_of(event.offer.league)
        game.printed_home_team = event.offer.printed_home_team
        game.printed_away_team = event.offer.printed_away_team
        game.venue_note = event.offer.venue_note
        game.code = event.offer.code
        game.sheet_day = event.offer.sheet_day
        game.page = event.offer.page
        game.document_id = event.offer.document_id
        game.offer_position = recorded.position
        game.issue_date = event.offer.issue_date


def _offer_row(recorded: Recorded[GameListed] | Recorded[GameOddsUpdated]) -> OfferRow:
    event = recorded.event
    return OfferRow(
        position=recorded.position,
        game_id=_game_id(recorded),
        document_id=event.offer.document_id,
        job_id=event.job_id,
        issue_date=event.offer.issue_date,
        arrived_at=event.offer.arrived_at,
        page=event.offer.page,
        markets=[_market(market) for market in event.offer.markets],
        recorded_at=event.timestamp,
    )


def _markets(offer: Offer) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    main = next((market for market in offer.markets if market.is_main), None)
    others = [_market(market) for market in offer.markets if market is not main]
    return _market(main) if main is not None else None, others


def _market(market: OfferedMarket) -> dict[str, Any]:
    return {
        "market_type": market.market_type,
        "label": market.label,
        "line": market.line,
        "period": market.period,
        "scope": market.scope,
        "player": market.player,
        "code": market.code,
        # In the order of the sheet, which an object would lose.
        "odds": [[outcome, float(odds)] for outcome, odds in market.odds.items()],
        "pages": market.pages,
    }

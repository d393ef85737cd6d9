"""Games and the history of their odds, as they are shown over HTTP and in the terminal alike."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.configuration.sections import Markets
from interfaces.document_views import AnomalyView, anomaly_view
from projections.documents.tables import AnomalyRow
from projections.games.tables import GameRow, OfferRow

LAST = 1000


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """A market with its odds by outcome; ``pages`` of the document say so."""

    market_type: str
    label: str
    line: str | None
    period: str
    scope: str
    player: str | None
    code: str
    odds: Mapping[str, float]
    pages: Sequence[int]


class GameView(msgspec.Struct, frozen=True, kw_only=True):
    """A game with what the newest document offers on it; the time is that of Budapest.

    ``sheet_day`` is the day whose offer the game belongs to, ``offers`` is how often a document
    offered something on it, ``markets_left_out`` how many more markets the game has.
    """

    id: str
    league: str
    date: datetime.date
    time: str
    home_team: str
    away_team: str
    main_market: MarketView | None
    additional_markets: Sequence[MarketView]
    markets_left_out: int
    printed_home_team: str
    printed_away_team: str
    venue_note: str | None
    code: str
    sheet_day: datetime.date
    document_id: str
    issue_date: datetime.date | None
    page: int
    offers: int
    updated_at: datetime.datetime


class GameDetailView(GameView, frozen=True, kw_only=True):
    """A game with all of its markets, and what was odd about it in any document."""

    anomalies: Sequence[AnomalyView]


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """The odds that a document gives an outcome, and where it says so."""

    odds: float
    document_id: str
    pages: Sequence[int]
    issue_date: datetime.date | None
    recorded_at: datetime.datetime
    is_current: bool


class OutcomeHistory(msgspec.Struct, frozen=True, kw_only=True):
    """How the odds of an outcome moved from document to document, the oldest first."""

    market_type: str
    label: str
    line: str | None
    period: str
    scope: str
    player: str | None
    outcome: str
    movements: Sequence[Movement]


class OddsView(msgspec.Struct, frozen=True, kw_only=True):
    """How the odds of a game moved, outcome by outcome."""

    game_id: str
    league: str
    date: datetime.date
    time: str
    home_team: str
    away_team: str
    documents: Sequence[str]
    history: Sequence[OutcomeHistory]


def game_view(row: GameRow, markets: Markets) -> GameView:
    """Show a game, its additional markets in the configured order and number."""
    additional = _arranged(row, markets)
    shown = additional[: markets.max_additional]
    return GameView(
        **_shown(row), additional_markets=shown, markets_left_out=len(additional) - len(shown)
    )


def game_detail_view(
    row: GameRow, markets: Markets, anomalies: Sequence[AnomalyRow]
) -> GameDetailView:
    """Show a game with all of its markets and anomalies."""
    return GameDetailView(
        **_shown(row),
        additional_markets=_arranged(row, markets),
        markets_left_out=0,
        anomalies=[anomaly_view(anomaly) for anomaly in anomalies],
    )


def odds_view(row: GameRow, offers: Sequence[OfferRow]) -> OddsView:
    """Show how the odds of a game moved."""
    movements: dict[tuple[str, ...], tuple[dict[str, Any], str, list[Movement]]] = {}
    for offer in offers:
        for market in offer.markets:
            for outcome, odds in market["odds"]:
                key = (*(str(market[name]) for name in _KEY), outcome)
                _, _, moves = movements.setdefault(key, (market, outcome, []))
                moves.append(_movement(offer, market, odds, row))
    return OddsView(
        game_id=row.id,
        league=row.league,
        date=row.date,
        time=row.time,
        home_team=row.home_team,
        away_team=row.away_team,
        documents=list(dict.fromkeys(offer.document_id for offer in offers)),
        history=[
            OutcomeHistory(
                **{name: market[name] for name in ("label", *_KEY)},
                outcome=outcome,
                movements=moves,
            )
            for market, outcome, moves in movements.values()
        ],
    )


# What tells the markets of a game from each other; a label may be worded in another way.
_KEY = ("market_type", "period", "scope", "line", "player")


def _movement(offer: OfferRow, market: dict[str, Any], odds: float, row: GameRow) -> Movement:
    return Movement(
        odds=odds,
        document_id=offer.document_id,
        pages=market["pages"],
        issue_date=offer.issue_date,
        recorded_at=offer.recorded_at,
        is_current=offer.position == row.offer_position,
    )


def _arranged(row: GameRow, markets: Markets) -> list[MarketView]:
    """Order the additional markets by priority, those of one in the order of the sheet."""
    priorities = {str(kind): priority for kind, priority in markets.priorities.items()}
    views = [_market(market) for market in row.additional_markets]
    return sorted(views, key=lambda market: priorities.get(market.market_type, LAST))


def _market(market: dict[str, Any]) -> MarketView:
    return MarketView(**market | {"odds": dict(market["odds"])})


def _shown(row: GameRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "league": row.league,
        "date": row.date,
        "time": row.time,
        "home_team": row.home_team,
        "away_team": row.away_team,
        "main_market": _market(row.main_market) if row.main_market is not None else None,
        "printed_home_team": row.printed_home_team,
        "printed_away_team": row.printed_away_team,
        "venue_note": row.venue_note,
        "code": row.code,
        "sheet_day": row.sheet_day,
        "document_id": row.document_id,
        "issue_date": row.issue_date,
        "page": row.page,
        "offers": row.offers,
        "updated_at": row.updated_at,
    }

"""The rows of the read model of games."""

import datetime
from typing import Any

import msgspec

from projections.table import Table, Tally


class GameRow(msgspec.Struct):
    """A game with its current offer, which is that of ``document_id`` at ``offer_position``.

    ``league_key``, ``home_words`` and ``away_words`` are what filters look at. ``offers`` counts
    how often a document made one.
    """

    id: str
    date: datetime.date
    time: str
    league: str
    league_key: str
    home_team: str
    away_team: str
    home_words: list[str]
    away_words: list[str]
    printed_home_team: str
    printed_away_team: str
    venue_note: str | None
    code: str
    sheet_day: datetime.date
    page: int
    document_id: str
    offer_position: int
    issue_date: datetime.date | None
    main_market: dict[str, Any] | None
    additional_markets: list[dict[str, Any]]
    offers: int
    listed_at: datetime.datetime
    updated_at: datetime.datetime
    version: int


class OfferRow(msgspec.Struct):
    """What a document said of a game, as it was recorded at a position of the log."""

    position: int
    game_id: str
    document_id: str
    job_id: str
    issue_date: datetime.date | None
    arrived_at: datetime.datetime
    page: int
    markets: list[dict[str, Any]]
    recorded_at: datetime.datetime


GAMES = Table("games", GameRow, key="id")
COUNTS = Tally("counts", counted=str)
LEAGUE_TEAMS = Tally("league_teams", league=str, team=str)
OFFERS = Table("offers", OfferRow, key="position")

"""Games and how their odds moved (seed football: Data Access Endpoints)."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from litestar import Controller, Response, get
from litestar.params import Parameter

from application.errors import NotFoundError
from domain.errors import InvalidFieldError
from interfaces.game_views import (
    GameDetailView,
    GameView,
    OddsView,
    game_detail_view,
    game_view,
    odds_view,
)
from interfaces.rest.bodies import MAX_BIGINT
from interfaces.rest.recorded import VERSION_HEADERS, versioned
from interfaces.services import Services
from projections.games.queries import GameFilter
from projections.games.tables import GameRow

READ_MODELS = ("games",)
DETAIL_READ_MODELS = ("games", "documents")

DEFAULT_LIMIT = 100
MOST_GAMES = 1000

GameId = Annotated[str, Parameter(description="The id of a game")]
DateFilter = Annotated[
    str | None,
    Parameter(
        description="Games that kick off on this day, YYYY-MM-DD, in Budapest",
        schema_extra={"format": "date"},
    ),
]
LeagueFilter = Annotated[
    str | None,
    Parameter(
        description="Games of the league of this name, but for case and accents", max_length=255
    ),
]
TeamFilter = Annotated[
    str | None,
    Parameter(
        description="Games in which a team has all of these words in its name, but for case and "
        "accents",
        max_length=255,
    ),
]
Limit = Annotated[int, Parameter(ge=1, le=MOST_GAMES, description="How many games are given")]
Offset = Annotated[int, Parameter(ge=0, le=MAX_BIGINT, description="How many are passed over")]


class GamesView(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the games that fit the filters, by kick-off; ``total`` is how many do."""

    games: Sequence[GameView]
    total: int
    limit: int
    offset: int
    filters: Mapping[str, str]


class GameController(Controller):
    """Games."""

    path = "/games"
    tags = ("Games",)

    @get("/", operation_id="listGames", summary="List games")
    async def list(
        self,
        services: Services,
        *,
        date: DateFilter = None,
        league: LeagueFilter = None,
        team: TeamFilter = None,
        limit: Limit = DEFAULT_LIMIT,
        offset: Offset = 0,
    ) -> GamesView:
        """List the games that fit all filters, each with what the newest document offers."""
        wanted = GameFilter(date=_date(date), league=league, team=team)
        await services.freshness.reach_head(READ_MODELS)
        found = await services.games.find(wanted, limit=limit, offset=offset)
        markets = (await services.configuration.sections()).markets
        given = {"date": date, "league": league, "team": team}
        return GamesView(
            games=[game_view(row, markets) for row in found.items],
            total=found.total,
            limit=limit,
            offset=offset,
            filters={name: value for name, value in given.items() if value is not None},
        )

    @get(
        "/{game_id:str}",
        operation_id="getGame",
        response_headers=VERSION_HEADERS,
        summary="Get a game",
    )
    async def show(self, services: Services, game_id: GameId) -> Response[GameDetailView]:
        """Show a game with all of its markets, and what was odd about it."""
        row = await _game(services, game_id)
        markets = (await services.configuration.sections()).markets
        anomalies = await services.documents.anomalies_of_game(game_id)
        return versioned(game_detail_view(row, markets, anomalies), row.version)

    @get(
        "/{game_id:str}/odds",
        operation_id="getGameOdds",
        response_headers=VERSION_HEADERS,
        summary="Get the odds history of a game",
    )
    async def odds(self, services: Services, game_id: GameId) -> Response[OddsView]:
        """Show how the odds of each outcome moved, with the document and pages that say so."""
        row = await _game(services, game_id)
        return versioned(odds_view(row, await services.games.offers_of(game_id)), row.version)


async def _game(services: Services, game_id: str) -> GameRow:
    await services.freshness.reach_head(DETAIL_READ_MODELS)
    row = await services.games.get(game_id)
    if row is None:
        raise NotFoundError("Game not found")
    return row


def _date(text: str | None) -> datetime.date | None:
    if text is None:
        return None
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # ISO 8601 has other ways to write a day
        raise InvalidFieldError("date", "must be a day like 2025-07-18")
    return day

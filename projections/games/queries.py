"""Reading games and what documents offered on them."""

import datetime
from collections.abc import Sequence

import msgspec
from psycopg.rows import args_row
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import AsyncConnectionPool

from projections.games.folding import key_of, words_of
from projections.games.projection import games
from projections.games.tables import GAMES, OFFERS, GameRow, OfferRow
from projections.paging import Slice

SCHEMA = Identifier(games.id)

GAME_COLUMNS = SQL(", ").join(Identifier(column.name) for column in GAMES.columns)

LIST = SQL("""
SELECT {columns}
FROM {schema}.games
WHERE {condition}
ORDER BY date, time, league, home_team, id
LIMIT %s OFFSET %s
""")

COUNT = SQL("SELECT count(*) FROM {schema}.games WHERE {condition}")

COUNT_ALL = games.query(
    "SELECT COALESCE(sum(count), 0)::bigint FROM {schema}.counts WHERE counted = 'games'"
)

GAME = SQL("SELECT {columns} FROM {schema}.games WHERE id = %s").format(
    columns=GAME_COLUMNS, schema=SCHEMA
)

KNOWN = games.query("SELECT id FROM {schema}.games WHERE id = ANY(%s)")

TEAM_NAMES = games.query("""
SELECT league, array_agg(team ORDER BY team)
FROM {schema}.league_teams
WHERE league = ANY(%s)
GROUP BY league
""")

OFFERS_OF = SQL("""
SELECT {columns}
FROM {schema}.offers
WHERE game_id = %s
ORDER BY issue_date NULLS FIRST, arrived_at, position
""").format(
    columns=SQL(", ").join(Identifier(column.name) for column in OFFERS.columns), schema=SCHEMA
)


class GameFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which games are wanted; None asks for nothing.

    A league is wanted by its whole name, a team by one or more whole words of its name; neither by
    case, accents or punctuation.
    """

    date: datetime.date | None = None
    league: str | None = None
    team: str | None = None


class GameQueries:
    """Reads the read model of games."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def find(self, wanted: GameFilter, *, limit: int, offset: int) -> Slice[GameRow]:
        """Give a part of the games that fit the filter, by kick-off, with their exact number."""
        condition, values = _where(wanted)
        listing = LIST.format(columns=GAME_COLUMNS, schema=SCHEMA, condition=condition)
        is_of_all = wanted == GameFilter()
        counting = COUNT_ALL if is_of_all else COUNT.format(schema=SCHEMA, condition=condition)
        async with self._pool.connection() as connection, connection.pipeline():
            cursor = connection.cursor(row_factory=args_row(GameRow))
            await cursor.execute(listing, [*values, limit, offset])
            count = await connection.execute(counting, values)
            items = await cursor.fetchall()
            total = await count.fetchone()
        assert total is not None
        return Slice(items, total[0])

    async def get(self, game_id: str) -> GameRow | None:
        """Give a game."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(GameRow))
            await cursor.execute(GAME, (game_id,), prepare=True)
            return await cursor.fetchone()

    async def offers_of(self, game_id: str) -> list[OfferRow]:
        """Give all that documents offered on a game, by the day they were issued."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(OfferRow))
            await cursor.execute(OFFERS_OF, (game_id,), prepare=True)
            return await cursor.fetchall()

    async def known(self, game_ids: Sequence[str]) -> set[str]:
        """Tell which of some games are listed already."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(KNOWN, (list(game_ids),))
            return {row[0] for row in await cursor.fetchall()}

    async def team_names(self, leagues: Sequence[str]) -> dict[str, list[str]]:
        """Give the names of all teams that ever had a game in each of the leagues."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(TEAM_NAMES, (list(leagues),))
            return dict(await cursor.fetchall())


def _where(wanted: GameFilter) -> tuple[Composed, list[object]]:
    clauses, values = [SQL("true")], list[object]()
    if wanted.date is not None:
        clauses.append(SQL("date = %s"))
        values.append(wanted.date)
    if wanted.league is not None:
        clauses.append(SQL("league_key = %s"))
        values.append(key_of(wanted.league))
    if wanted.team is not None:
        words = words_of(wanted.team)
        if not words:  # of which every name would have all
            return Composed([SQL("false")]), []
        clauses.append(SQL("(home_words @> %s::jsonb OR away_words @> %s::jsonb)"))
        encoded = msgspec.json.encode(words).decode()
        values += [encoded, encoded]
    return SQL(" AND ").join(clauses), values

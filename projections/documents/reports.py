"""Reading what the jobs of the last days came to, day by day."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec
from psycopg.rows import args_row
from psycopg_pool import AsyncConnectionPool

from projections.documents.projection import documents
from projections.documents.tables import DayRow

DAYS_SINCE = documents.query("""
SELECT day, jobs_completed, jobs_failed, pages, rows_read, rows_unreadable, processing_seconds,
       longest_seconds
FROM {schema}.days
WHERE day >= %s AND day <= %s
ORDER BY day
""")

FIGURES_SINCE = documents.query("""
SELECT day, figure, count
FROM {schema}.figure_days
WHERE day >= %s AND day <= %s
""")

LEAGUES_SINCE = documents.query("""
SELECT league, sum(count)::bigint
FROM {schema}.league_days
WHERE day >= %s AND day <= %s
GROUP BY league
ORDER BY sum(count) DESC, league
""")

KINDS_SINCE = documents.query("""
SELECT kind, sum(count)::bigint
FROM {schema}.kind_days
WHERE day >= %s AND day <= %s
GROUP BY kind
ORDER BY sum(count) DESC, kind
""")


class Trends(msgspec.Struct, frozen=True, kw_only=True):
    """A period: each of its days, and how many games each league and anomalies each kind had.

    ``days`` are what the jobs came to. ``games`` and ``anomalies``, by day like them, are those of
    the documents that were first processed on that day.
    """

    days: Sequence[DayRow]
    games: Mapping[str, int]
    anomalies: Mapping[str, int]
    leagues: Mapping[str, int]
    anomaly_kinds: Mapping[str, int]


class ReportQueries:
    """Reads the sums of days."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def trends(self, last: date, days: int) -> Trends:
        """Give so many days up to the last one; a day on which nothing ended is all zeros."""
        wanted = [(last - timedelta(days=back)).isoformat() for back in reversed(range(days))]
        period = (wanted[0], wanted[-1])
        async with self._pool.connection() as connection, connection.pipeline():
            reading = connection.cursor(row_factory=args_row(DayRow))
            await reading.execute(DAYS_SINCE, period)
            figures = await connection.execute(FIGURES_SINCE, period)
            leagues = await connection.execute(LEAGUES_SINCE, period)
            kinds = await connection.execute(KINDS_SINCE, period)
            found = {row.day: row for row in await reading.fetchall()}
            counts = {(day, figure): count for day, figure, count in await figures.fetchall()}
            return Trends(
                days=[found.get(day, DayRow(day)) for day in wanted],
                games={day: counts.get((day, "games"), 0) for day in wanted},
                anomalies={day: counts.get((day, "anomalies"), 0) for day in wanted},
                leagues=dict(await leagues.fetchall()),
                anomaly_kinds=dict(await kinds.fetchall()),
            )

"""Reading stewardships and the jobs that set them up."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import args_row
from psycopg.sql import SQL, Composable, Identifier
from psycopg_pool import AsyncConnectionPool

from domain.stewardship.addresses import found_as
from projections.paging import Slice
from projections.stewardship.projection import stewardships
from projections.stewardship.tables import JOBS, STEWARDSHIPS, StewardshipJobRow, StewardshipRow
from projections.table import Row, Table

SCHEMA = Identifier(stewardships.id)

LIST = SQL("""
SELECT {columns}
FROM {schema}.{table}
WHERE {where}
ORDER BY id DESC
LIMIT %s OFFSET %s
""")

COUNT = SQL("SELECT count(*) FROM {schema}.{table} WHERE {where}")

SOME = SQL("SELECT {columns} FROM {schema}.{table} WHERE id = ANY(%s)")

STEWARDSHIPS_OF = stewardships.query(
    "SELECT id FROM {schema}.stewardships WHERE reachable ? %s ORDER BY id"
)

# Few jobs wait at a time, so that there are few with addresses.
JOBS_OF = stewardships.query("""
SELECT id FROM {schema}.jobs WHERE reachable ? %(name)s
UNION
SELECT id
FROM {schema}.jobs, jsonb_each_text(addresses) AS a (number, address)
WHERE addresses <> '{{}}' AND a.address = %(name)s
ORDER BY id
""")

DUE = stewardships.query("""
SELECT id
FROM {schema}.stewardships
WHERE due_at <= %s
ORDER BY due_at, id
LIMIT %s
""")


class StewardshipFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which stewardships or jobs are wanted; None asks for nothing. ``steward`` is a user id."""

    type: str | None = None
    domain: str | None = None
    status: str | None = None
    steward: str | None = None


class StewardshipQueries:
    """Reads the read model of stewardships.

    It implements the application's StewardDirectory and DueStewardships.
    """

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def get(self, stewardship_id: int) -> StewardshipRow | None:
        """Give a stewardship."""
        found = await self.some([stewardship_id])
        return found.get(stewardship_id)

    async def some(self, stewardship_ids: list[int]) -> dict[int, StewardshipRow]:
        """Give those of some stewardships that there are, by their ids."""
        rows = await self._some(STEWARDSHIPS, stewardship_ids)
        return {row.id: row for row in rows}

    async def newest(
        self, wanted: StewardshipFilter, *, page: int, size: int
    ) -> Slice[StewardshipRow]:
        """Give a page of the stewardships that fit the filter, newest first."""
        return await self._newest(STEWARDSHIPS, wanted, page, size)

    async def get_job(self, job_id: int) -> StewardshipJobRow | None:
        """Give a job."""
        return next(iter(await self._some(JOBS, [job_id])), None)

    async def newest_jobs(
        self, wanted: StewardshipFilter, *, page: int, size: int
    ) -> Slice[StewardshipJobRow]:
        """Give a page of the jobs that fit the filter, newest first."""
        return await self._newest(JOBS, wanted, page, size)

    async def due(self, now: datetime, limit: int) -> list[int]:
        """Give the ids of those in which something has been due the longest."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(DUE, (now, limit))
            return [stewardship_id for (stewardship_id,) in await cursor.fetchall()]

    async def stewardships_of(self, name: str) -> list[int]:
        """Give the stewardships that have contact details or an address of somebody."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(STEWARDSHIPS_OF, (found_as(name),))
            return [stewardship_id for (stewardship_id,) in await cursor.fetchall()]

    async def jobs_of(self, name: str) -> list[int]:
        """Give the jobs that have contact details or an address of somebody."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(JOBS_OF, {"name": found_as(name)})
            return [job_id for (job_id,) in await cursor.fetchall()]

    async def _some(self, table: Table[Row], ids: list[int]) -> list[Row]:
        statement = SOME.format(
            columns=_columns(table), schema=SCHEMA, table=Identifier(table.name)
        )
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(table.row))
            await cursor.execute(statement, (ids,))
            return await cursor.fetchall()

    async def _newest(
        self, table: Table[Row], wanted: StewardshipFilter, page: int, size: int
    ) -> Slice[Row]:
        where, values = _condition(wanted)
        name = Identifier(table.name)
        listing = LIST.format(columns=_columns(table), schema=SCHEMA, table=name, where=where)
        async with self._pool.connection() as connection, connection.transaction():
            cursor = connection.cursor(row_factory=args_row(table.row))
            await cursor.execute(listing, [*values, size, (page - 1) * size])
            items = await cursor.fetchall()
            counting = COUNT.format(schema=SCHEMA, table=name, where=where)
            total = await (await connection.execute(counting, values)).fetchone()
        assert total is not None
        return Slice(items, total[0])


def _columns(table: Table[Any]) -> Composable:
    return SQL(", ").join(Identifier(column.name) for column in table.columns)


def _condition(wanted: StewardshipFilter) -> tuple[Composable, list[Any]]:
    conditions: list[Composable] = [SQL("true")]
    values: list[Any] = []
    for column in ("type", "domain", "status"):
        if (value := getattr(wanted, column)) is not None:
            conditions.append(SQL("{} = %s").format(Identifier(column)))
            values.append(value)
    if wanted.steward is not None:
        conditions.append(SQL("user_ids ? %s"))
        values.append(wanted.steward)
    return SQL(" AND ").join(conditions), values

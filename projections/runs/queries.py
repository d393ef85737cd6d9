"""Reading runs, step runs and statistics. What is deleted is not there."""

from typing import LiteralString

import msgspec
from psycopg.rows import args_row
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import AsyncConnectionPool

from projections.paging import Slice
from projections.runs.filtering import LISTED, RunFilter, RunOrder
from projections.runs.listing import RUN_COLUMNS, ShownRun, list_statement, shown_run
from projections.runs.tables import (
    SCHEMA,
    STATISTICS,
    STEP_RUNS,
    StatisticsRow,
    StepRunRow,
)

STEP_RUN_COLUMNS = SQL(", ").join(Identifier("s", column.name) for column in STEP_RUNS.columns)


def _runs(rest: LiteralString) -> Composed:
    return SQL(
        "SELECT p.retention_months, {columns} FROM {schema}.runs AS r "
        "LEFT JOIN {schema}.processes AS p ON p.id = r.process_id WHERE {listed} AND {rest}"
    ).format(columns=RUN_COLUMNS, listed=LISTED, rest=SQL(rest), schema=SCHEMA)


def _step_runs(rest: LiteralString) -> Composed:
    return SQL(
        "SELECT {columns} FROM {schema}.step_runs AS s "
        "JOIN {schema}.runs AS r ON r.id = s.run_id WHERE {listed} AND {rest}"
    ).format(columns=STEP_RUN_COLUMNS, listed=LISTED, rest=SQL(rest), schema=SCHEMA)


RUN = _runs("r.id = %s")
NEWEST_OF = _runs("r.process_id = %s ORDER BY r.created_at DESC, r.id DESC LIMIT %s")
RUN_STEPS = _step_runs("s.run_id = ANY(%s) ORDER BY s.run_id, s.index, s.id")
STEP_RUN = SQL(
    "SELECT r.version, {columns} FROM {schema}.step_runs AS s "
    "JOIN {schema}.runs AS r ON r.id = s.run_id WHERE {listed} AND s.id = %s"
).format(columns=STEP_RUN_COLUMNS, listed=LISTED, schema=SCHEMA)

STATISTICS_OF = SQL("SELECT {columns} FROM {schema}.statistics WHERE process_id = %s").format(
    columns=SQL(", ").join(Identifier(column.name) for column in STATISTICS.columns), schema=SCHEMA
)

RUN_OF_STEP_RUN = SQL("SELECT run_id FROM {schema}.step_runs WHERE id = %s").format(schema=SCHEMA)

META_FIELDS_OF = SQL("""
SELECT field, type, count
FROM {schema}.meta_fields
WHERE process_id = %s
ORDER BY field, count DESC, type
LIMIT %s
""").format(schema=SCHEMA)

# The most frequent values of each field; the table is as small as the fields have few values.
META_VALUES_OF = SQL("""
SELECT field, value
FROM (
    SELECT field, value,
           row_number() OVER (PARTITION BY field ORDER BY count DESC, value) AS place
    FROM {schema}.meta_values
    WHERE process_id = %s
) AS ranked
WHERE place <= %s
ORDER BY field, value
""").format(schema=SCHEMA)

MOST_FIELDS = 1000
MOST_VALUES = 100


class RunDetail(msgspec.Struct, frozen=True):
    """A run with its step runs in order."""

    shown: ShownRun
    steps: list[StepRunRow]


class StepRunDetail(msgspec.Struct, frozen=True):
    """A step run with the version of its run."""

    run_version: int
    step: StepRunRow


class MetaField(msgspec.Struct, frozen=True):
    """A meta field of a process's runs: the type of its values, and how many runs have it."""

    field: str
    type: str
    count: int


class RunQueries:
    """Reads the read model of runs."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def get(self, run_id: int) -> RunDetail | None:
        """Give a run with its step runs."""
        async with self._pool.connection() as connection, connection.pipeline():
            runs = await connection.execute(RUN, (run_id,), prepare=True)
            steps = connection.cursor(row_factory=args_row(StepRunRow))
            await steps.execute(RUN_STEPS, ([run_id],), prepare=True)
            row = await runs.fetchone()
            step_runs = await steps.fetchall()
        return RunDetail(shown_run(row), step_runs) if row is not None else None

    async def search(
        self, wanted: RunFilter, order: RunOrder, *, page: int, size: int
    ) -> Slice[ShownRun]:
        """Give a page of the runs that fit the filter, with their exact number."""
        statement = list_statement(wanted, order, page=page, size=size)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement.text, statement.values)
            rows = await cursor.fetchall()
        total = rows[0][0]
        is_empty = rows[0][2] is None
        return Slice([] if is_empty else [shown_run(row[1:]) for row in rows], total)

    async def newest_of(self, process_id: int, count: int) -> list[ShownRun]:
        """Give the newest runs of a process."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(NEWEST_OF, (process_id, count))
            return [shown_run(row) for row in await cursor.fetchall()]

    async def steps_of(self, run_ids: list[int]) -> dict[int, list[StepRunRow]]:
        """Give the step runs of several runs, each run's in order."""
        steps: dict[int, list[StepRunRow]] = {run_id: [] for run_id in run_ids}
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(StepRunRow))
            await cursor.execute(RUN_STEPS, (run_ids,))
            for row in await cursor.fetchall():
                steps[row.run_id].append(row)
        return steps

    async def step_run(self, step_run_id: int) -> StepRunDetail | None:
        """Give a step run."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(STEP_RUN, (step_run_id,), prepare=True)
            row = await cursor.fetchone()
        return StepRunDetail(row[0], StepRunRow(*row[1:])) if row is not None else None

    async def run_of(self, step_run_id: int) -> int | None:
        """Give the id of a step run's run."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(RUN_OF_STEP_RUN, (step_run_id,), prepare=True)
            row = await cursor.fetchone()
        return row[0] if row is not None else None

    async def statistics(self, process_id: int) -> StatisticsRow:
        """Give a process's counters; all zero before its first run."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(StatisticsRow))
            await cursor.execute(STATISTICS_OF, (process_id,), prepare=True)
            return await cursor.fetchone() or StatisticsRow(process_id)

    async def meta_fields(self, process_id: int) -> list[MetaField]:
        """Give the meta fields that a process's runs have."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(MetaField))
            await cursor.execute(META_FIELDS_OF, (process_id, MOST_FIELDS))
            return await cursor.fetchall()

    async def meta_values(self, process_id: int) -> dict[str, list[str]]:
        """Give the values of meta fields that are not personal, the most frequent of each."""
        values: dict[str, list[str]] = {}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(META_VALUES_OF, (process_id, MOST_VALUES))
            for field, value in await cursor.fetchall():
                values.setdefault(field, []).append(value)
        return values

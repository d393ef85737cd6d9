"""Reading runs, step runs and statistics."""

from typing import Any, LiteralString

import msgspec
from psycopg.rows import args_row
from psycopg.sql import SQL, Composable, Composed, Identifier
from psycopg_pool import AsyncConnectionPool

from projections.paging import Slice
from projections.runs.filtering import RunFilter, RunOrder, order_by, where
from projections.runs.tables import RUNS, STATISTICS, STEP_RUNS, RunRow, StatisticsRow, StepRunRow
from projections.table import Table


def _columns(table: Table[Any]) -> Composed:
    return SQL(", ").join(Identifier(table.name, column.name) for column in table.columns)


def _select(table: Table[Any], rest: LiteralString) -> Composed:
    source = Identifier("runs", table.name)
    return SQL("SELECT {} FROM {} {}").format(_columns(table), source, SQL(rest))


def _list(condition: Composable, order: Composable) -> Composed:
    rest = SQL("WHERE {} ORDER BY {} LIMIT %s OFFSET %s").format(condition, order)
    return _select(RUNS, "") + rest


RUN = _select(RUNS, "WHERE id = %s")
RUN_STEPS = _select(STEP_RUNS, "WHERE run_id = %s ORDER BY index, id")
STEP_RUN = SQL("""
SELECT runs.version, {}
FROM runs.step_runs
JOIN runs.runs ON runs.id = step_runs.run_id
WHERE step_runs.id = %s
""").format(_columns(STEP_RUNS))
NEWEST_OF = _select(RUNS, "WHERE process_id = %s ORDER BY created_at DESC, id DESC LIMIT %s")
STATISTICS_OF = _select(STATISTICS, "WHERE process_id = %s")
COUNT = SQL("SELECT count(*) FROM runs.runs WHERE {where}")
RUN_OF_STEP_RUN = "SELECT run_id FROM runs.step_runs WHERE id = %s"


class RunDetail(msgspec.Struct, frozen=True):
    """A run with its step runs in order."""

    run: RunRow
    steps: list[StepRunRow]


class StepRunDetail(msgspec.Struct, frozen=True):
    """A step run with the version of its run."""

    run_version: int
    step: StepRunRow


class RunQueries:
    """Reads the read model of runs."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def get(self, run_id: int) -> RunDetail | None:
        """Give a run with its step runs."""
        async with self._pool.connection() as connection:
            runs = connection.cursor(row_factory=args_row(RunRow))
            await runs.execute(RUN, (run_id,))
            run = await runs.fetchone()
            if run is None:
                return None
            steps = connection.cursor(row_factory=args_row(StepRunRow))
            await steps.execute(RUN_STEPS, (run_id,))
            return RunDetail(run, await steps.fetchall())

    async def search(
        self, wanted: RunFilter, order: RunOrder, *, page: int, size: int
    ) -> Slice[RunRow]:
        """Give a page of the runs that fit the filter, with their exact number."""
        condition, sorting = where(wanted), order_by(order)
        statement = _list(condition.text, sorting.text)
        values = [*condition.values, *sorting.values, size, (page - 1) * size]
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(RunRow))
            await cursor.execute(statement, values)
            items = await cursor.fetchall()
            counting = await connection.execute(
                COUNT.format(where=condition.text), condition.values
            )
            total = await counting.fetchone()
        assert total is not None
        return Slice(items, total[0])

    async def newest_of(self, process_id: int, count: int) -> list[RunRow]:
        """Give the newest runs of a process."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(RunRow))
            await cursor.execute(NEWEST_OF, (process_id, count))
            return await cursor.fetchall()

    async def step_run(self, step_run_id: int) -> StepRunDetail | None:
        """Give a step run."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(STEP_RUN, (step_run_id,))
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
            await cursor.execute(STATISTICS_OF, (process_id,))
            return await cursor.fetchone() or StatisticsRow(process_id)

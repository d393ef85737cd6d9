"""Reading processes and their steps. What is deleted is not there."""

from psycopg.rows import args_row
from psycopg_pool import AsyncConnectionPool

from projections.paging import Slice
from projections.processes.projection import ProcessRow, StepRow, processes

PROCESS = processes.query("""
SELECT id, name, meta, retention_months, created_at, updated_at, deleted_at, version
FROM {schema}.processes
WHERE id = %s AND deleted_at IS NULL
""")

LIST = processes.query("""
SELECT id, name, meta, retention_months, created_at, updated_at, deleted_at, version
FROM {schema}.processes
WHERE deleted_at IS NULL
ORDER BY created_at DESC, id DESC
LIMIT %s OFFSET %s
""")

COUNT = processes.query("SELECT count(*) FROM {schema}.processes WHERE deleted_at IS NULL")

STEPS = processes.query("""
SELECT id, process_id, index, name, is_rerunnable, rerun_config, created_at, updated_at
FROM {schema}.steps
WHERE process_id = %s
ORDER BY index
""")


class ProcessQueries:
    """Reads the read model of processes."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def get(self, process_id: int) -> ProcessRow | None:
        """Give a process."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(ProcessRow))
            await cursor.execute(PROCESS, (process_id,), prepare=True)
            return await cursor.fetchone()

    async def newest(self, page: int, size: int) -> Slice[ProcessRow]:
        """Give a page of processes, newest first."""
        async with self._pool.connection() as connection, connection.pipeline():
            cursor = connection.cursor(row_factory=args_row(ProcessRow))
            await cursor.execute(LIST, (size, (page - 1) * size))
            counting = await connection.execute(COUNT)
            items = await cursor.fetchall()
            total = await counting.fetchone()
        assert total is not None
        return Slice(items, total[0])

    async def steps(self, process_id: int) -> list[StepRow]:
        """Give the steps of a process in order."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=args_row(StepRow))
            await cursor.execute(STEPS, (process_id,), prepare=True)
            return await cursor.fetchall()

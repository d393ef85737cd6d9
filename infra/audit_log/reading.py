"""Searching the audit log of calls."""

from typing import Any

from psycopg.rows import kwargs_row
from psycopg.sql import SQL, Composable, Identifier
from psycopg_pool import AsyncConnectionPool

from application.audit_log import CallFilter, FoundCalls, LoggedCall

LIST = SQL("""
SELECT id, created_at, actor, method, route, path, status_code, duration_ms, request_id,
       event_position
FROM audit_log
WHERE {where}
ORDER BY created_at DESC, id DESC
LIMIT %s OFFSET %s
""")

COUNT = SQL("SELECT count(*) FROM audit_log WHERE {where}")

COUNT_ALL = SQL("SELECT COALESCE(sum(calls), 0)::bigint FROM audit_log_days")

EQUAL = ("actor", "method", "route", "path", "status_code", "request_id")
BOUNDS = (
    ("created_after", SQL("created_at >= %s")),
    ("created_before", SQL("created_at <= %s")),
    ("min_duration", SQL("duration_ms >= %s")),
)


async def find_calls(
    pool: AsyncConnectionPool, wanted: CallFilter, *, page: int, size: int
) -> FoundCalls:
    """Give a page of the calls that fit the filter, newest first, with their exact number."""
    conditions: list[Composable] = []
    values: list[Any] = []
    for column in EQUAL:
        if (value := getattr(wanted, column)) is not None:
            conditions.append(SQL("{} = %s").format(Identifier(column)))
            values.append(value)
    for name, condition in BOUNDS:
        if (value := getattr(wanted, name)) is not None:
            conditions.append(condition)
            values.append(value)
    where = SQL(" AND ").join(conditions) if conditions else SQL("true")
    count = COUNT.format(where=where) if conditions else COUNT_ALL
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=kwargs_row(LoggedCall))
        await cursor.execute(LIST.format(where=where), [*values, size, (page - 1) * size])
        items = await cursor.fetchall()
        total = await (await connection.execute(count, values)).fetchone()
    assert total is not None
    return FoundCalls(items, total[0])

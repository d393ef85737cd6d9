"""The statements of run lists: one page with the exact total, in one round trip.

Where the statistics know the total, the page is read along an index of its order. Otherwise what
fits is gathered once, then counted and put in order.
"""

from typing import Any

import msgspec
from psycopg.sql import SQL, Composed, Identifier

from projections.runs.filtering import (
    Clause,
    RunFilter,
    RunOrder,
    is_of_contents,
    sort_key,
    sorting,
    where,
    where_contents,
)
from projections.runs.tables import RUNS, SCHEMA, RunRow

RUN_COLUMNS = SQL(", ").join(Identifier("r", column.name) for column in RUNS.columns)

COUNTED = SQL("""
WITH total AS (
    SELECT COALESCE(sum(s.{count}), 0)::bigint AS count
    FROM {schema}.statistics AS s
    WHERE (%s::bigint IS NULL OR s.process_id = %s)
      AND s.process_id NOT IN (SELECT id FROM {schema}.processes WHERE is_deleted)
), page AS (
    SELECT r.id, {key} AS key
    FROM {schema}.runs AS r
    WHERE {condition}
    ORDER BY {order_of_runs}
    LIMIT %s OFFSET %s
)
""")

GATHERED = SQL("""
WITH gathered AS MATERIALIZED (
    SELECT r.id, {key} AS key
    FROM {schema}.{table} AS r
    WHERE {condition}
), total AS (
    SELECT count(*) AS count FROM gathered
), page AS (
    SELECT id, key
    FROM gathered
    ORDER BY {order_of_page}
    LIMIT %s OFFSET %s
)
""")

# The total is told even where the page is empty.
PAGE = SQL("""
SELECT total.count, p.retention_months, {columns}
FROM total
LEFT JOIN (page JOIN {schema}.runs AS r USING (id)) ON true
LEFT JOIN {schema}.processes AS p ON p.id = r.process_id
ORDER BY {order_of_page}
""")


class ShownRun(msgspec.Struct, frozen=True):
    """A run with the retention of its process, in months."""

    run: RunRow
    retention_months: int | None


def list_statement(wanted: RunFilter, order: RunOrder, *, page: int, size: int) -> Clause:
    """Give the statement of a page, whose rows are ``total, retention_months, *run``."""
    key = sort_key(order)
    order_of_page = sorting(SQL("page.key"), SQL("page.id"), order)
    limits = [size, (page - 1) * size]
    if wanted.is_counted:
        condition = where(wanted)
        beginning = COUNTED.format(
            count=Identifier(f"{wanted.status or 'total'}_runs"),
            key=key.text,
            condition=condition.text,
            order_of_runs=sorting(key.text, SQL("r.id"), order),
            schema=SCHEMA,
        )
        of_process = [wanted.process_id, wanted.process_id]
        values = [*of_process, *key.values, *condition.values, *key.values, *limits]
    else:
        within = is_of_contents(wanted, order)
        condition = where_contents(wanted) if within else where(wanted)
        beginning = GATHERED.format(
            schema=SCHEMA,
            table=Identifier("contents" if within else "runs"),
            key=key.text,
            condition=condition.text,
            order_of_page=sorting(SQL("key"), SQL("id"), order),
        )
        values = [*key.values, *condition.values, *limits]
    rest = PAGE.format(columns=RUN_COLUMNS, order_of_page=order_of_page, schema=SCHEMA)
    return Clause(Composed([beginning, rest]), values)


def shown_run(row: tuple[Any, ...]) -> ShownRun:
    """Read ``retention_months, *run``."""
    months, *columns = row
    return ShownRun(RunRow(*columns), months)

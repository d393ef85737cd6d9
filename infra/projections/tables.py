"""Reading and writing the rows of projections in bulk: one statement for each table and batch."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from domain.events import DomainEvent, Recorded
from projections.projection import Projection
from projections.table import Column, Key, Row, Rows, Table, Tally


async def load_rows(
    connection: AsyncConnection,
    projection: Projection,
    schema: str,
    events: Iterable[Recorded[DomainEvent]],
) -> Rows:
    """Load the rows that the events touch, from the tables in a PostgreSQL schema."""
    wanted: dict[Table[Any], set[Key]] = {}
    for recorded in events:
        for table, key in projection.touched(recorded):
            wanted.setdefault(table, set()).add(key)
    rows = Rows()
    for table, keys in wanted.items():
        rows.load(table, await stored_rows(connection, schema, table, keys))
    return rows


async def stored_rows(
    connection: AsyncConnection, schema: str, table: Table[Row], keys: Iterable[Key]
) -> list[Row]:
    """Read the rows of a table that have one of the keys."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(_select(schema, table), (list(keys),), prepare=True)
    return [table.row(*row) for row in await cursor.fetchall()]


async def save_rows(
    connection: AsyncConnection, projection: Projection, schema: str, rows: Rows
) -> None:
    """Write back what the batch changed."""
    for table in projection.tables:
        written, deleted = rows.changes(table)
        if written:
            columns = [
                _column_values(written, column.name, column.type) for column in table.columns
            ]
            await connection.execute(_upsert(schema, table), columns, prepare=True)
        if deleted:
            await connection.execute(_delete(schema, table), (deleted,), prepare=True)
    for tally in projection.tallies:
        counts = rows.counts(tally)
        if counts:
            columns = [*map(list, zip(*counts, strict=True)), list(counts.values())]
            await connection.execute(_add(schema, tally), columns, prepare=True)
            await connection.execute(_clear(schema, tally), columns[:-1], prepare=True)


def _column_values(rows: list[Any], name: str, column_type: str) -> list[Any]:
    values = [getattr(row, name) for row in rows]
    if column_type == "jsonb":
        return [None if v is None else msgspec.json.encode(v).decode() for v in values]
    return values


@cache
def _select(schema: str, table: Table[Any]) -> bytes:
    statement = SQL("SELECT {columns} FROM {table} WHERE {key} = ANY(%b::{type}[])").format(
        columns=SQL(", ").join(Identifier(column.name) for column in table.columns),
        table=Identifier(schema, table.name),
        key=Identifier(table.key),
        type=SQL(table.key_type),
    )
    return statement.as_bytes()


@cache
def _upsert(schema: str, table: Table[Any]) -> bytes:
    """Write rows in the order in which the batch first changed them."""
    names = [Identifier(column.name) for column in table.columns]
    statement = SQL(
        "INSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) AS row ({names}) "
        "ON CONFLICT ({key}) DO UPDATE SET {changes}"
    ).format(
        table=Identifier(schema, table.name),
        names=SQL(", ").join(names),
        values=SQL(", ").join(
            SQL("{}::jsonb").format(name) if column.type == "jsonb" else name
            for column, name in zip(table.columns, names, strict=True)
        ),
        arrays=_arrays(table.columns),
        key=Identifier(table.key),
        changes=SQL(", ").join(SQL("{0} = excluded.{0}").format(name) for name in names),
    )
    return statement.as_bytes()


@cache
def _delete(schema: str, table: Table[Any]) -> bytes:
    statement = SQL("DELETE FROM {table} WHERE {key} = ANY(%b::{type}[])").format(
        table=Identifier(schema, table.name),
        key=Identifier(table.key),
        type=SQL(table.key_type),
    )
    return statement.as_bytes()


@cache
def _add(schema: str, tally: Tally) -> bytes:
    statement = SQL(
        "INSERT INTO {table} AS counted ({names}, count) "
        "SELECT * FROM unnest({arrays}, %b::bigint[]) "
        "ON CONFLICT ({names}) DO UPDATE SET count = counted.count + excluded.count"
    ).format(
        table=Identifier(schema, tally.name), names=_names(tally), arrays=_arrays(tally.columns)
    )
    return statement.as_bytes()


@cache
def _clear(schema: str, tally: Tally) -> bytes:
    statement = SQL(
        "DELETE FROM {table} WHERE count = 0 AND ({names}) IN (SELECT * FROM unnest({arrays}))"
    ).format(
        table=Identifier(schema, tally.name), names=_names(tally), arrays=_arrays(tally.columns)
    )
    return statement.as_bytes()


def _names(tally: Tally) -> Composed:
    return SQL(", ").join(Identifier(column.name) for column in tally.columns)


def _arrays(columns: Iterable[Column]) -> Composed:
    return SQL(", ").join(
        SQL("%b::{}[]").format(SQL("text" if column.type == "jsonb" else column.type))
        for column in columns
    )

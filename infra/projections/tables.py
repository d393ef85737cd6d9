"""Reading and writing the rows of projections in bulk: one statement for each table and batch."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier

from domain.events import DomainEvent, Recorded
from projections.projection import Projection
from projections.table import Key, Rows, Table


async def load_rows(
    connection: AsyncConnection, projection: Projection, events: Iterable[Recorded[DomainEvent]]
) -> Rows:
    """Load the rows that the events touch."""
    wanted: dict[Table[Any], set[Key]] = {}
    for recorded in events:
        for table, key in projection.touched(recorded):
            wanted.setdefault(table, set()).add(key)
    rows = Rows()
    for table, keys in wanted.items():
        cursor = connection.cursor(binary=True)
        await cursor.execute(_select(projection.name, table), (list(keys),), prepare=True)
        rows.load(table, (table.row(*row) for row in await cursor.fetchall()))
    return rows


async def save_rows(connection: AsyncConnection, projection: Projection, rows: Rows) -> None:
    """Write back what the batch changed."""
    for table in projection.tables:
        written, deleted = rows.changes(table)
        if written:
            columns = [
                _column_values(written, column.name, column.type) for column in table.columns
            ]
            await connection.execute(_upsert(projection.name, table), columns, prepare=True)
        if deleted:
            await connection.execute(_delete(projection.name, table), (deleted,), prepare=True)


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
        arrays=SQL(", ").join(
            SQL("%b::{}[]").format(SQL("text" if c.type == "jsonb" else c.type))
            for c in table.columns
        ),
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

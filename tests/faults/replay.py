"""The log read from its beginning, and the read models that it comes to."""

import asyncio
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from domain.events import DomainEvent, Recorded
from infra.event_store.keys import Keyring
from infra.event_store.reader import LogReader
from infra.postgres.connections import SESSION, connection_pool
from projections.projection import Projection
from projections.table import Rows

ReadModel = dict[str, dict[Any, Any]]


def whole_log(conninfo: str, keyring: Keyring) -> list[Recorded[DomainEvent]]:
    """Read every event."""

    async def read() -> list[Recorded[DomainEvent]]:
        async with connection_pool(conninfo, 1) as pool:
            pages = LogReader(pool, keyring).after(0)
            return [event async for page in pages for event in page.events]

    return asyncio.run(read())


def replayed(projection: Projection, log: list[Recorded[DomainEvent]]) -> ReadModel:
    """Apply every event in memory; give the rows by table and key."""
    rows = Rows()
    for recorded in log:
        projection.apply(recorded, rows)
    return {
        table.name: {getattr(row, table.key): row for row in rows.changes(table)[0]}
        for table in projection.tables
    }


def stored(projection: Projection, conninfo: str) -> ReadModel:
    """Read the rows as they stand in the database, by table and key."""
    with psycopg.connect(conninfo, **SESSION) as connection:
        return {
            table.name: {
                getattr(row, table.key): row
                for row in (
                    table.row(*values)
                    for values in connection.execute(
                        SQL("SELECT {} FROM {}").format(
                            SQL(", ").join(Identifier(column.name) for column in table.columns),
                            Identifier(projection.id, table.name),
                        )
                    )
                )
            }
            for table in projection.tables
        }

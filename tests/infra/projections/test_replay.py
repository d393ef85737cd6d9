"""A read model is what its events say: made anew beside the live one, it is the same."""

from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from application.metadata import by_system
from infra.event_store.assembly import EventStoreParts
from interfaces.composition import PROJECTIONS
from projections.projection import Projection
from projections.table import Table
from tests.infra.event_store.samples import aggregates
from tests.infra.projections.projecting import Projecting, caught_up

pytestmark = pytest.mark.anyio


async def test_every_read_model_equals_a_fresh_replay(
    log: EventStoreParts, projecting: Projecting, sql: psycopg.AsyncConnection
) -> None:
    """The live one saw personal data before it was erased; the replay never does."""
    await projecting.start(*PROJECTIONS)
    names = [projection.name for projection in PROJECTIONS]
    for aggregate in aggregates():
        for event in aggregate.pending():  # each in a commit and a batch of its own
            aggregate._pending_events.append(event)
            await log.store.save(aggregate, metadata=by_system("test"))
            await caught_up(sql, *names)

    replayed = [_beside(projection) for projection in PROJECTIONS]
    await projecting.start(*replayed)
    await caught_up(sql, *(projection.name for projection in replayed))

    for projection in PROJECTIONS:
        for table in projection.tables:
            live = await _content(sql, projection.id, table)
            assert live, f"{projection.name}.{table.name} shows nothing"
            assert await _content(sql, _beside(projection).id, table) == live


def _beside(projection: Projection) -> Projection:
    """Give the same projection over a schema of its own."""
    copy = Projection(
        f"{projection.name}_replayed",
        version=projection.version,
        schema=projection.schema,
        tables=projection.tables,
    )
    copy._handlers = projection._handlers
    copy._fallback = projection._fallback
    return copy


async def _content(
    sql: psycopg.AsyncConnection, schema: str, table: Table[Any]
) -> list[tuple[object, ...]]:
    query = SQL("SELECT * FROM {} ORDER BY {}").format(
        Identifier(schema, table.name), Identifier(table.key)
    )
    return await (await sql.execute(query)).fetchall()

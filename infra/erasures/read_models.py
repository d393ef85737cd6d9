"""Whether read models show of an erased subject what its redacted events make of it, and no more.

A rebuilt read model equals the live one. So the redacted events are replayed through the handlers
of each projection, and the rows that they bring must be those that are stored.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection

from application.erasures.ports import Leftover, PlaceScan
from infra.erasures.traces import Traces
from infra.event_store.reader import LogReader
from infra.projections.held import Copy, skipped_positions
from infra.projections.tables import load_rows, stored_rows
from projections.projection import Projection, versioned
from projections.table import Key, Table

PLACE = "read models"

COPIES = "SELECT version, copy, position FROM checkpoints WHERE projection = %s"

REPLACED = "SELECT nspname FROM pg_namespace WHERE nspname ~ %s"

PARKED = """
SELECT stream_id, position
FROM parked_streams
WHERE projection = %s AND projection_version = %s AND copy = 'live'
"""


async def scan_read_models(
    connection: AsyncConnection,
    reader: LogReader,
    projections: Sequence[Projection],
    traces: Traces,
) -> PlaceScan:
    """Compare the rows of the subject in every read model."""
    scan = PlaceScan(place=PLACE, scanned={}, found=[])
    for projection in projections:
        skipped = await skipped_positions(reader, projection.name)
        await _look_for_replaced(connection, projection, scan)
        await _compare(connection, projection, skipped, traces, scan)
    return scan


async def _look_for_replaced(
    connection: AsyncConnection, projection: Projection, scan: PlaceScan
) -> None:
    cursor = await connection.execute(REPLACED, (f"^{projection.name}_v[0-9]+_replaced$",))
    for (schema,) in await cursor.fetchall():
        problem = "was left by a rebuild; `annals serve` removes it within the hour"
        scan.found.append(_leftover(schema, problem))


async def _compare(
    connection: AsyncConnection,
    projection: Projection,
    skipped: frozenset[int],
    traces: Traces,
    scan: PlaceScan,
) -> None:
    copies = {
        (version, copy): position
        for version, copy, position in await (
            await connection.execute(COPIES, (projection.name,))
        ).fetchall()
    }
    for (version, copy), position in copies.items():
        if position < traces.erasure.position:
            problem = (
                f"stands at {position}, before the erasure; let `annals serve` catch up, "
                "or `annals projections rebuild` come to an end"
            )
            scan.found.append(_leftover(f"{versioned(projection.name, version)} ({copy})", problem))
    position = copies.get((projection.version, Copy.LIVE))
    if position is None:
        scan.found.append(_leftover(projection.id, "is not built in the version of this Annals"))
        return
    if position < traces.erasure.position:
        return
    place = (projection.name, projection.version)
    waiting = await (await connection.execute(PARKED, place)).fetchall()
    parked: dict[str, int] = dict(waiting)
    applied = [
        recorded
        for recorded in traces.events
        if recorded.position <= min(position, parked.get(recorded.stream_id, position + 1) - 1)
        and recorded.position not in skipped
    ]
    rows = await load_rows(connection, projection, projection.id, applied)
    for recorded in applied:
        projection.apply(recorded, rows)
    brought = rows.brought()
    for table in projection.tables:
        written, deleted = brought.changes(table)
        expected: dict[Key, Any] = {getattr(row, table.key): row for row in written}
        keys = [*expected, *deleted]
        if not keys:
            continue
        where = f"{projection.id}.{table.name}"
        stored = await stored_rows(connection, projection.id, table, keys)
        scan.scanned[where] = len(stored)
        found = {getattr(row, table.key): row for row in stored}
        for key in keys:
            difference = _difference(table, expected.get(key), found.get(key))
            if difference is not None:
                scan.found.append(_leftover(where, f"row {key} {difference}"))


def _difference(table: Table[Any], expected: Any, stored: Any) -> str | None:
    if expected is None:
        return "should have gone" if stored is not None else None
    if stored is None:
        return "is missing"
    differing = [
        column.name
        for column in table.columns
        if _as_stored(getattr(expected, column.name), column.type) != getattr(stored, column.name)
    ]
    if not differing:
        return None
    return f"has in {', '.join(differing)} what its events do not tell"


def _as_stored(value: Any, column_type: str) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value)) if column_type == "jsonb" else value


def _leftover(where: str, problem: str) -> Leftover:
    return Leftover(where=where, problem=problem)

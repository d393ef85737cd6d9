"""Whether read models show of an erased subject what its redacted events make of it, and no more.

A rebuilt read model equals the live one. So the redacted events are replayed through the handlers
of each projection, and the rows that they bring must be those that are stored.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection

from application.erasures.ports import Leftover, PlaceScan
from domain.events import DomainEvent, Recorded
from infra.erasures.traces import Traces
from infra.projections.tables import load_rows, stored_rows
from projections.projection import Projection
from projections.table import Key, Rows, Table

PLACE = "read models"

INSTALLED = "SELECT version, position FROM checkpoints WHERE projection = %s"

PARKED = "SELECT stream_id, position FROM parked_streams WHERE projection = %s"


async def scan_read_models(
    connection: AsyncConnection, projections: Sequence[Projection], traces: Traces
) -> PlaceScan:
    """Compare the rows of the subject in every read model."""
    scan = PlaceScan(place=PLACE, scanned={}, found=[])
    for projection in projections:
        await _compare(connection, projection, traces, scan)
    return scan


async def _compare(
    connection: AsyncConnection, projection: Projection, traces: Traces, scan: PlaceScan
) -> None:
    row = await (await connection.execute(INSTALLED, (projection.name,))).fetchone()
    if row is None or row[0] != projection.version:
        scan.found.append(_leftover(projection.name, "is of another version than this Annals"))
        return
    position = row[1]
    if position < traces.erasure.position:
        problem = f"stands at {position}, before the erasure; let `annals serve` catch up"
        scan.found.append(_leftover(projection.name, problem))
        return
    parked = await (await connection.execute(PARKED, (projection.name,))).fetchall()
    waiting: dict[str, int] = dict(parked)
    applied = [
        recorded
        for recorded in traces.events
        if recorded.position <= position
        and recorded.position < waiting.get(recorded.stream_id, position + 1)
    ]
    rows, others = await _replayed(connection, projection, applied)
    for table in projection.tables:
        written, deleted = rows.changes(table)
        expected: dict[Key, Any] = {getattr(row, table.key): row for row in written}
        expected = {
            key: row for key, row in expected.items() if others.get((table, key)) is not row
        }
        keys = [*expected, *deleted]
        if not keys:
            continue
        where = f"{projection.name}.{table.name}"
        stored = await stored_rows(connection, projection, table, keys)
        scan.scanned[where] = len(stored)
        found = {getattr(row, table.key): row for row in stored}
        for key in keys:
            difference = _difference(table, expected.get(key), found.get(key))
            if difference is not None:
                scan.found.append(_leftover(where, f"row {key} {difference}"))


async def _replayed(
    connection: AsyncConnection, projection: Projection, events: Sequence[Recorded[DomainEvent]]
) -> tuple[Rows, dict[tuple[Table[Any], Key], Any]]:
    """Give the rows as the events leave them, and those that others' events have brought.

    What a handler cannot apply it could not when it was recorded either, and was skipped.
    """
    rows = await load_rows(connection, projection, events)
    loaded = {
        (table, key): rows.find(table, key)
        for recorded in events
        for table, key in projection.touched(recorded)
    }
    for recorded in events:
        try:
            projection.apply(recorded, rows)
        except Exception:  # noqa: BLE001, S112 - whatever it is; the rows then tell
            continue
    return rows, loaded


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

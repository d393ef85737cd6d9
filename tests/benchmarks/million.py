"""A store with many runs in it, loaded by COPY: the log, its head, and the read model of runs."""

import os
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
from psycopg import sql

from projections.runs.contents import content_of
from projections.runs.tables import CONTENTS, RUNS, RunRow
from projections.table import Table
from tests.benchmarks.database import settle
from tests.benchmarks.workload import STEP_NAMES

PROCESSES = 20
DEPARTMENTS = 100
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
APART = timedelta(seconds=60)

SHARES = {"completed": 90, "failed": 4, "running": 3, "pending": 2, "cancelled": 1}

SECONDARY_INDEXES = """
SELECT indexname, indexdef
FROM pg_indexes
WHERE schemaname = 'runs_v3' AND indexdef NOT LIKE '%UNIQUE%'
"""

STEP_RUNS = """
INSERT INTO runs_v3.step_runs (
    id, run_id, step_id, index, name, status, started_at, finished_at, meta, created_at,
    updated_at, version
)
SELECT r.id * 3 + step, r.id, (r.process_id - 1) * 3 + step + 1, step, 'Step', 'success',
       r.started_at, r.finished_at, '{}', r.created_at, r.updated_at, 1
FROM runs_v3.runs AS r CROSS JOIN generate_series(0, 2) AS step
"""

STATISTICS = """
INSERT INTO runs_v3.statistics
SELECT process_id,
       count(*),
       count(*) FILTER (WHERE status = 'pending'),
       count(*) FILTER (WHERE status = 'running'),
       count(*) FILTER (WHERE status = 'completed'),
       count(*) FILTER (WHERE status = 'failed'),
       count(*) FILTER (WHERE status = 'cancelled'),
       sum(extract(epoch FROM finished_at - started_at)) FILTER (WHERE status = 'completed')
FROM runs_v3.runs
GROUP BY process_id
ON CONFLICT DO NOTHING
"""

META_FIELDS = """
INSERT INTO runs_v3.meta_fields
SELECT process_id, field, 'string', count(*)
FROM runs_v3.runs CROSS JOIN LATERAL jsonb_object_keys(meta) AS field
GROUP BY process_id, field
"""

META_VALUES = """
INSERT INTO runs_v3.meta_values
SELECT process_id, 'department', meta ->> 'department', count(*)
FROM runs_v3.runs
GROUP BY process_id, meta ->> 'department'
"""

FOLLOWING = """
UPDATE log_head SET position = position + %(runs)s;
UPDATE checkpoints SET position = (SELECT position FROM log_head);
SELECT setval('run_ids', %(runs)s + 1), setval('step_run_ids', %(runs)s * 3 + 3);
"""


def fill(url: str, runs: int) -> None:
    """Put so many runs into an installed store that has processes 1 to 20 of three steps."""
    chance = Random(7)  # noqa: S311
    with psycopg.connect(url) as connection:
        indexes = connection.execute(SECONDARY_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier("runs_v3", name)))
        _copy_log(connection, runs)
        _copy_runs(connection, runs, chance)
        for statement in (STEP_RUNS, STATISTICS, META_FIELDS, META_VALUES):
            connection.execute(statement)
        for _, definition in indexes:
            connection.execute(definition)
        with psycopg.ClientCursor(connection) as cursor:
            cursor.execute(FOLLOWING, {"runs": runs})
    settle(url)


def _copy_runs(connection: psycopg.Connection, runs: int, chance: Random) -> None:
    """Write the rows to both tables, in stretches that fit into memory."""
    stretch = 20_000
    for first in range(1, runs + 1, stretch):
        rows = [_run(n, chance) for n in range(first, min(first + stretch, runs + 1))]
        _copy(connection, RUNS, rows)
        _copy(connection, CONTENTS, [content_of(row) for row in rows])


def _run(number: int, chance: Random) -> RunRow:
    [status] = chance.choices(list(SHARES), list(SHARES.values()))
    created = BEGINNING + number * APART
    began = None if status == "pending" else created + timedelta(seconds=1)
    taken = timedelta(seconds=chance.randrange(2, 2000))
    ended = None if status in ("pending", "running") else created + taken
    return RunRow(
        id=number,
        process_id=number % PROCESSES + 1,
        entity_id=f"CUST-{number:08}",
        entity_name=f"Margrethe Østergaard {number}",
        status=status,
        meta={
            "email": f"margrethe.oestergaard.{number}@example.com",
            "phone": f"+45 {number:08}",
            "department": f"D{number % DEPARTMENTS}",
            "priority": chance.choice(("low", "high")),
        },
        personal_meta_fields=["email", "phone"],
        steps_total=len(STEP_NAMES),
        steps_succeeded=len(STEP_NAMES) if status == "completed" else 1,
        started_at=began,
        finished_at=ended,
        failed_at=ended if status == "failed" else None,
        created_at=created,
        updated_at=ended or created,
        deleted_at=None,
        is_neutralized=False,
        version=1,
    )


def _copy(connection: psycopg.Connection, table: Table[Any], rows: list[Any]) -> None:
    names = [column.name for column in table.columns]
    jsonb = {column.name for column in table.columns if column.type == "jsonb"}
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier("runs_v3", table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            values = (getattr(row, name) for name in names)
            copy.write_row(
                [
                    msgspec.json.encode(value).decode() if name in jsonb else value
                    for name, value in zip(names, values, strict=True)
                ]
            )


def _copy_log(connection: psycopg.Connection, runs: int) -> None:
    """Write an event for each run, as large as a real one; nobody reads it."""
    row = connection.execute("SELECT position FROM log_head").fetchone()
    assert row is not None
    state, protected, hash_ = os.urandom(600), os.urandom(300), os.urandom(32)
    statement = "COPY events FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for number in range(1, runs + 1):
            stream = f"run-{number}"
            copy.write_row(
                (
                    stream, 1, "RunStarted", state, row[0] + number, uuid4(), 1, BEGINNING,
                    '{"actor": "api_key:1"}', stream, protected, hash_,
                )
            )  # fmt: skip

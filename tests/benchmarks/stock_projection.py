"""The read model of runs as the library would have it: a view that tracks, and a projection."""

from typing import Any

import psycopg
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection
from psycopg import Cursor
from psycopg.types.json import Jsonb

from domain.events import DomainEvent
from domain.runs.events import RunNeutralized, RunStarted, RunStatusEvent, StepRunEvent
from domain.runs.status import RunStatus, StepRunStatus
from projections.runs.contents import countable, fold, grams_of, meta_leaves, words_of
from projections.runs.projection import runs

SCHEMA = "stock"

INSERT_RUN = """
INSERT INTO stock.runs (
    id, process_id, entity_id, entity_name, status, meta, personal_meta_fields, steps_total,
    steps_succeeded, created_at, updated_at, is_neutralized, version
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, false, %s)
"""

INSERT_CONTENTS = """
INSERT INTO stock.contents (id, process_id, created_at, name, grams, words, meta)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

COUNT_FIELD = """
INSERT INTO stock.meta_fields AS counted VALUES (%s, %s, %s, 1)
ON CONFLICT (process_id, field, type) DO UPDATE SET count = counted.count + 1
"""

COUNT_VALUE = """
INSERT INTO stock.meta_values AS counted VALUES (%s, %s, %s, 1)
ON CONFLICT (process_id, field, value) DO UPDATE SET count = counted.count + 1
"""

INSERT_STEP = """
INSERT INTO stock.step_runs (
    id, run_id, step_id, index, name, status, meta, created_at, updated_at, version
)
VALUES (%s, %s, %s, %s, %s, %s, '{}', %s, %s, %s)
"""

COUNT_STARTED = """
INSERT INTO stock.statistics VALUES (%s, 1, 1, 0, 0, 0, 0, 0)
ON CONFLICT (process_id) DO UPDATE
SET total_runs = statistics.total_runs + 1, pending_runs = statistics.pending_runs + 1
"""

UPDATE_STEP = """
UPDATE stock.step_runs
SET status = %s, started_at = %s, finished_at = %s, meta = COALESCE(%s, meta),
    updated_at = %s, version = %s
WHERE id = %s
"""

COUNT_STEP = """
UPDATE stock.runs
SET steps_succeeded = steps_succeeded + %s, updated_at = %s, version = %s
WHERE id = %s
"""

UPDATE_RUN = """
UPDATE stock.runs
SET status = %s, started_at = %s, finished_at = %s, failed_at = %s, updated_at = %s, version = %s
WHERE id = %s
"""

COUNT_STATUS = """
UPDATE stock.statistics
SET pending_runs = pending_runs + %s, running_runs = running_runs + %s,
    completed_runs = completed_runs + %s, failed_runs = failed_runs + %s,
    cancelled_runs = cancelled_runs + %s,
    completion_time_seconds = completion_time_seconds + %s
WHERE process_id = %s
"""

NEUTRALIZE_RUN = """
UPDATE stock.runs
SET entity_id = %s, entity_name = NULL, is_neutralized = true, meta = meta - %s::text[],
    personal_meta_fields = '[]', updated_at = %s, version = %s
WHERE id = %s
"""

NEUTRALIZE_CONTENTS = """
UPDATE stock.contents SET name = '', grams = '[]', words = %s, meta = meta - %s::text[]
WHERE id = %s
"""

NEUTRALIZE_STEP = "UPDATE stock.step_runs SET meta = meta - %s::text WHERE id = %s"


def make_tables(url: str) -> None:
    """Make the tables and indexes of Annals' own read model, empty, and forget the tracking."""
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS stock CASCADE")
        connection.execute("DROP TABLE IF EXISTS public.stockprojection_tracking")
        connection.execute("CREATE SCHEMA stock")
        connection.execute("SET LOCAL search_path TO stock")
        connection.execute(runs.schema.read_bytes())


class StockView(PostgresTrackingRecorder):
    """The tables, changed in the transaction that records the tracking."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.position = 0

    def apply(self, event: DomainEvent, tracking: Tracking) -> None:
        """Apply one event."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            _apply(cursor, event)
        self.position = tracking.notification_id


class StockProjection(Projection[StockView]):
    """Hands the events to the view."""

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Process one event."""
        self.view.apply(domain_event, tracking)


def _apply(cursor: Cursor[Any], event: DomainEvent) -> None:
    run_id = int(event.originator_id.removeprefix("run-"))
    at, version = event.timestamp, event.originator_version
    match event:
        case RunStarted():
            _start(cursor, run_id, event)
        case StepRunEvent():
            meta = event.meta
            if meta is not None:
                meta = meta | (event.personal_meta or {})
            shown = None if meta is None else Jsonb(meta)
            when = (event.started_at, event.finished_at)
            step_id = event.step_run_id
            cursor.execute(UPDATE_STEP, (event.status_after, *when, shown, at, version, step_id))
            more = (event.status_after == StepRunStatus.SUCCESS) - (
                event.previous == StepRunStatus.SUCCESS
            )
            cursor.execute(COUNT_STEP, (more, at, version, run_id))
        case RunStatusEvent():
            when = (event.started_at, event.finished_at)
            failed_at = event.finished_at if event.status == RunStatus.FAILED else None
            cursor.execute(UPDATE_RUN, (event.status, *when, failed_at, at, version, run_id))
            cursor.execute(COUNT_STATUS, (*_moved(event), event.process_id))
        case RunNeutralized():
            _neutralize(cursor, run_id, event)


def _start(cursor: Cursor[Any], run_id: int, event: RunStarted) -> None:
    at, version = event.timestamp, event.originator_version
    meta = event.meta | event.personal_meta
    who = (event.process_id, event.entity_id, event.entity_name)
    personal = Jsonb(sorted(event.personal_meta))
    shown = (RunStatus.PENDING, Jsonb(meta), personal, len(event.steps))
    cursor.execute(INSERT_RUN, (run_id, *who, *shown, at, at, version))
    name = fold(event.entity_name or "")
    words = {word for text in _texts(event, meta) for word in words_of(text)}
    searched = (name, Jsonb(grams_of(name)), " ".join(sorted(words)), Jsonb(meta))
    cursor.execute(INSERT_CONTENTS, (run_id, event.process_id, at, *searched))
    fields = [(event.process_id, leaf.field, leaf.type) for leaf in countable(meta)]
    cursor.executemany(COUNT_FIELD, fields)
    values = [(event.process_id, leaf.field, leaf.text) for leaf in countable(event.meta)]
    cursor.executemany(COUNT_VALUE, values)
    cursor.executemany(
        INSERT_STEP,
        [
            (s.id, run_id, s.step_id, s.index, s.name, StepRunStatus.PENDING, at, at, version)
            for s in event.steps
        ],
    )
    cursor.execute(COUNT_STARTED, (event.process_id,))


def _texts(event: RunStarted, meta: dict[str, Any]) -> list[str]:
    leaves = [leaf.text for leaf in meta_leaves(meta)]
    return [event.entity_id, event.entity_name or "", *leaves]


def _moved(event: RunStatusEvent) -> list[float]:
    """Give by how much each counter changes; no run of the benchmark comes back from its end."""
    changes: list[float] = [
        (event.status == status) - (event.previous == status)
        for status in (
            RunStatus.PENDING,
            RunStatus.RUNNING,
            RunStatus.COMPLETED,
            RunStatus.FAILED,
            RunStatus.CANCELLED,
        )
    ]
    taken = 0.0
    if event.status == RunStatus.COMPLETED and event.started_at and event.finished_at:
        taken = (event.finished_at - event.started_at).total_seconds()
    return [*changes, taken]


def _neutralize(cursor: Cursor[Any], run_id: int, event: RunNeutralized) -> None:
    names = [f.removeprefix("meta.") for f in event.redacted_fields if f.startswith("meta.")]
    after = (f"NEUTRALIZED_{run_id}", names, event.timestamp, event.originator_version)
    cursor.execute(NEUTRALIZE_RUN, (*after, run_id))
    cursor.execute(NEUTRALIZE_CONTENTS, (f"neutralized {run_id}", names, run_id))
    for field in event.redacted_fields:
        if field.startswith("step_runs."):
            step_id, name = field.removeprefix("step_runs.").split(".meta.", 1)
            cursor.execute(NEUTRALIZE_STEP, (name, int(step_id)))

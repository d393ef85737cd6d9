"""The rows of the read model of runs."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg.sql import Identifier

from projections.projection import versioned
from projections.table import Table, Tally

VERSION = 3

SCHEMA = Identifier(versioned("runs", VERSION))


class RunRow(msgspec.Struct):
    """A run, as lists show it; ``failed_at`` is when it ended, if it failed."""

    id: int
    process_id: int
    entity_id: str
    entity_name: str | None
    status: str
    meta: dict[str, Any]
    personal_meta_fields: list[str]
    steps_total: int
    steps_succeeded: int
    started_at: datetime | None
    finished_at: datetime | None
    failed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    is_neutralized: bool
    version: int


class ContentRow(msgspec.Struct):
    """What is searched of a run: the name with its trigrams, all words, and meta."""

    id: int
    process_id: int
    created_at: datetime
    name: str
    grams: list[str]
    words: str
    meta: dict[str, Any]


class StepRunRow(msgspec.Struct):
    """A step run, as its run shows it; ``version`` is its run's at the last change."""

    id: int
    run_id: int
    step_id: int
    index: int
    name: str
    status: str
    started_at: datetime | None
    finished_at: datetime | None
    meta: dict[str, Any]
    original_step_run_id: int | None
    created_at: datetime
    updated_at: datetime
    version: int


class RunProcessRow(msgspec.Struct):
    """What a list of runs has to know of their process."""

    id: int
    retention_months: int | None
    is_deleted: bool


class StatisticsRow(msgspec.Struct):
    """How many runs of a process stand where, and how long the completed ones took together."""

    process_id: int
    total_runs: int = 0
    pending_runs: int = 0
    running_runs: int = 0
    completed_runs: int = 0
    failed_runs: int = 0
    cancelled_runs: int = 0
    completion_time_seconds: float = 0.0


RUNS = Table("runs", RunRow, key="id")
CONTENTS = Table("contents", ContentRow, key="id")
STEP_RUNS = Table("step_runs", StepRunRow, key="id")
PROCESSES = Table("processes", RunProcessRow, key="id")
STATISTICS = Table("statistics", StatisticsRow, key="process_id")

META_FIELDS = Tally("meta_fields", process_id=int, field=str, type=str)
META_VALUES = Tally("meta_values", process_id=int, field=str, value=str)

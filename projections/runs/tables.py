"""The rows of the read model of runs."""

from datetime import datetime
from typing import Any

import msgspec

from projections.table import Table


class RunRow(msgspec.Struct):
    """A run, as lists show it."""

    id: int
    process_id: int
    entity_id: str
    entity_name: str | None
    status: str
    meta: dict[str, Any]
    steps_total: int
    steps_succeeded: int
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    updated_at: datetime
    is_neutralized: bool
    version: int


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
    created_at: datetime
    updated_at: datetime
    version: int


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
STEP_RUNS = Table("step_runs", StepRunRow, key="id")
STATISTICS = Table("statistics", StatisticsRow, key="process_id")

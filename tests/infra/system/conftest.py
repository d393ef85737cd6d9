"""A log with projectors that follow it, and workers that do jobs."""

from tests.infra.event_store.conftest import conninfo, log, ring, sql
from tests.infra.jobs.conftest import queue, workers
from tests.infra.projections.conftest import projecting

__all__ = ["conninfo", "log", "projecting", "queue", "ring", "sql", "workers"]

"""A log to subscribe to, and processes that follow it."""

from tests.infra.event_store.conftest import conninfo, log, ring, sql
from tests.infra.projections.conftest import projecting

__all__ = ["conninfo", "log", "projecting", "ring", "sql"]

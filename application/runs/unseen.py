"""Runs whose beginning the read model could not apply: it knows nothing of them.

What must be forgotten is found there too, in the events themselves. A run that cannot be read is
left out; it stays parked, and health tells of it.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from application.ports import EventStore
from application.projections.ports import ParkedStreams
from domain.processes.process import Process
from domain.runs.retention import scheduled_deletion
from domain.runs.run import Run

READ_MODEL = "runs"

# What is in memory at once.
AT_ONCE = 32


async def unseen_of_entity(store: EventStore, parked: ParkedStreams, entity_id: str) -> list[int]:
    """Give the ids of the unseen runs of a data subject that are not neutralized."""
    return [
        int(run.key)
        async for run in _unseen(store, parked)
        if run.state.entity_id == entity_id and not run.state.is_neutralized
    ]


async def unseen_due(store: EventStore, parked: ParkedStreams, now: datetime) -> list[int]:
    """Give the ids of the unseen runs whose retention period has ended."""
    return [int(run.key) async for run in _unseen(store, parked) if await _is_due(store, run, now)]


async def _is_due(store: EventStore, run: Run, now: datetime) -> bool:
    process = await store.peek(Process, run.state.process_id)
    due_at = scheduled_deletion(run.state.created_at, process.state.retention_months)
    return not run.state.is_neutralized and due_at is not None and due_at <= now


async def _unseen(store: EventStore, parked: ParkedStreams) -> AsyncIterator[Run]:
    prefix = Run.stream_id("")
    streams = await parked.not_begun(READ_MODEL, prefix)
    keys = [stream.removeprefix(prefix) for stream in streams]
    for first in range(0, len(keys), AT_ONCE):
        loading = [store.load(Run, int(key)) for key in keys[first : first + AT_ONCE]]
        for run in await asyncio.gather(*loading, return_exceptions=True):
            if isinstance(run, Run):
                yield run

"""The time to load a long stream, with its snapshot and without."""

import time

import psycopg

from application.metadata import by_system
from application.ports import EventStore
from domain.runs.run import Run, StepRunChange
from tests.benchmarks.database import Ground, annals, settle
from tests.benchmarks.measuring import Outcome, compare
from tests.benchmarks.workload import new_run

EVENTS = 10_000
SAVED_AT_ONCE = 100
ROUNDS = 7

WITH, WITHOUT = 1, 2


async def measure_snapshots(ground: Ground) -> Outcome:
    """Compare loading two streams of the same events, of which one has lost its snapshot."""
    settings = ground.settings()
    assert settings.database_url is not None
    assert Run.SNAPSHOT_EVERY is not None
    after = Run.SNAPSHOT_EVERY // 2
    async with annals(settings) as services:
        store = services.store
        for number in (WITH, WITHOUT):
            await _write(store, number, EVENTS + after)
        with psycopg.connect(settings.database_url) as connection:
            stream = (Run.stream_id(WITHOUT),)
            gone = connection.execute("DELETE FROM snapshots WHERE originator_id = %s", stream)
            assert gone.rowcount == 1, "no snapshot was taken"
        settle(settings.database_url)
        comparison = await compare(
            f"{EVENTS + after:,} events",
            lambda: _load(store, WITH),
            lambda: _load(store, WITHOUT),
            rounds=ROUNDS,
            less_is_better=True,
        )
    return Outcome(
        name="snapshots",
        title="Loading a long stream",
        unit="ms",
        ours="with snapshot",
        other="without",
        comparisons=[comparison],
        notes=f"""
        A run with {EVENTS:,} events up to its latest snapshot and {after} after it, the mean
        distance to the snapshot that is taken every {Run.SNAPSHOT_EVERY} events. Snapshot and
        personal fields of the events are encrypted.
        """,
    )


async def _write(store: EventStore, number: int, events: int) -> None:
    """Record a run whose executor reports on its steps over and over."""
    run = new_run(number)
    steps = [step.id for step in run.step_runs]
    while run.version < events:
        for _ in range(min(SAVED_AT_ONCE, events - run.version)):
            progress = {"progress": run.version, "reached_by": "phone", "priority": "low"}
            run.record_step(steps[run.version % len(steps)], StepRunChange(meta=progress))
        await store.save(run, metadata=by_system("benchmark"))
    assert run.version == events


async def _load(store: EventStore, number: int) -> float:
    began = time.perf_counter()
    await store.load(Run, number)
    return (time.perf_counter() - began) * 1000

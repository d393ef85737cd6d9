"""Erasing the personal data of runs: one, those that are due, or all of one data subject.

Contract section 7: Neutralization.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from application.erasures.together import Erased, each
from application.ports import EventStore
from application.projections.ports import ParkedStreams
from application.projections.status import Freshness
from application.retries import retrying
from application.runs.unseen import unseen_due
from domain.events import Metadata
from domain.processes.process import Process
from domain.runs.retention import scheduled_deletion
from domain.runs.run import Run

READ_MODELS = ("runs",)

BY_RETENTION = "retention"
BY_DATA_SUBJECT = "data_subject"

RETENTION_REASON = "The retention period of {months} months has ended"


class NeutralizeRun(msgspec.Struct, frozen=True, kw_only=True):
    """Erase the personal data of a run."""

    run_id: int
    reason: str
    policy: str


class DueRuns(Protocol):
    """Knows the runs whose retention period has ended."""

    async def due(self, now: datetime, limit: int) -> list[int]:
        """Give the ids of the first that were due."""
        ...


class Neutralized(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the runs that were to be neutralized; ``position`` is None for none."""

    neutralized_run_ids: list[int]
    failed_run_ids: list[int]
    position: int | None

    def and_then(self, more: "Neutralized") -> "Neutralized":
        """Tell of both."""
        return Neutralized(
            neutralized_run_ids=self.neutralized_run_ids + more.neutralized_run_ids,
            failed_run_ids=self.failed_run_ids + more.failed_run_ids,
            position=more.position or self.position,
        )


async def neutralize_run(
    store: EventStore, command: NeutralizeRun, metadata: Metadata
) -> tuple[Run, int]:
    """Erase a run's personal data; give the run with the position of the redaction event.

    A deleted run can be neutralized: it is hidden, and its data is there. Raises NotFoundError for
    an unknown run.
    """

    async def attempt() -> tuple[Run, int]:
        run = await store.load(Run, command.run_id)
        run.neutralize(reason=command.reason, policy=command.policy)
        return run, await store.save(run, metadata=metadata)

    return await retrying(attempt)


async def neutralize_all(
    store: EventStore, run_ids: Sequence[int], *, reason: str, policy: str, metadata: Metadata
) -> Neutralized:
    """Erase the personal data of each of the runs; one that fails does not keep the others."""

    async def neutralize(run_id: int) -> int:
        command = NeutralizeRun(run_id=run_id, reason=reason, policy=policy)
        _, position = await neutralize_run(store, command, metadata)
        return position

    return _of_runs(await each(run_ids, neutralize))


async def neutralize_due(
    store: EventStore, run_ids: Sequence[int], metadata: Metadata, *, now: datetime | None = None
) -> Neutralized:
    """Erase the personal data of those of the runs whose retention period has ended.

    Whether it has is decided by the process as it is at the moment of recording: a retention that
    was lengthened or lifted a moment before saves the run, and that is no failure.
    """
    moment = now or datetime.now(UTC)

    async def neutralize(run_id: int) -> int | None:
        return await retrying(lambda: _neutralize_if_due(store, run_id, moment, metadata))

    return _of_runs(await each(run_ids, neutralize))


async def sweep(
    store: EventStore,
    freshness: Freshness,
    runs: DueRuns,
    parked: ParkedStreams,
    metadata: Metadata,
    *,
    now: datetime | None = None,
    batch_size: int = 100,
) -> Neutralized:
    """Neutralize every run that is due, batch by batch, until none is left but those that fail."""
    moment = now or datetime.now(UTC)
    await freshness.reach_head(READ_MODELS)
    unseen = await unseen_due(store, parked, moment)
    swept = await neutralize_due(store, unseen, metadata, now=moment)
    left: set[int] = set()  # what failed, or is due for nobody but the read model
    while True:
        await freshness.reach_head(READ_MODELS)
        due = await runs.due(moment, batch_size + len(left))
        batch = [run_id for run_id in due if run_id not in left]
        if not batch:
            return swept
        done = await neutralize_due(store, batch, metadata, now=moment)
        swept = swept.and_then(done)
        left.update(run_id for run_id in batch if run_id not in done.neutralized_run_ids)


def _of_runs(erased: Erased[int]) -> Neutralized:
    return Neutralized(
        neutralized_run_ids=erased.done, failed_run_ids=erased.failed, position=erased.position
    )


async def _neutralize_if_due(
    store: EventStore, run_id: int, now: datetime, metadata: Metadata
) -> int | None:
    run = await store.load(Run, run_id)
    process = await store.peek(Process, run.state.process_id)
    months = process.state.retention_months
    due_at = scheduled_deletion(run.state.created_at, months)
    if run.state.is_neutralized or due_at is None or due_at > now:
        return None
    run.neutralize(reason=RETENTION_REASON.format(months=months), policy=BY_RETENTION)
    return await store.save(run, metadata=metadata, unmoved={process.id: process.version})

"""Starting runs, recording what becomes of their steps, and neutralizing them."""

import asyncio
from typing import Any, Protocol

import msgspec

from application.errors import NotFoundError
from application.ports import EventStore, Identifiers
from application.retries import retrying
from domain.events import Metadata
from domain.processes.process import Process
from domain.runs.run import Run, StepRunChange


class StepRunDirectory(Protocol):
    """Knows which run a step run belongs to."""

    async def run_of(self, step_run_id: int) -> int | None:
        """Give the run's id; None for an unknown step run."""
        ...


class StartRun(msgspec.Struct, frozen=True, kw_only=True):
    """Start a run of a process for an entity."""

    process_id: int
    entity_id: str
    entity_name: str | None
    meta: dict[str, Any]


class UpdateStepRun(msgspec.Struct, frozen=True, kw_only=True):
    """Record what an executor reports of a step run."""

    step_run_id: int
    change: StepRunChange


class NeutralizeRun(msgspec.Struct, frozen=True, kw_only=True):
    """Erase the personal data of a run."""

    run_id: int
    reason: str
    policy: str


async def start_run(
    store: EventStore, identifiers: Identifiers, command: StartRun, metadata: Metadata
) -> tuple[Run, int]:
    """Start a run with a step run for each active step; give it with its event's position.

    The steps are those of the process at the moment of recording. Raises NotFoundError for an
    unknown process.
    """

    async def attempt() -> tuple[Run, int]:
        process = await store.peek(Process, command.process_id)
        steps = process.active_steps
        [run_id], step_run_ids = await asyncio.gather(
            identifiers.allocate("run_ids"), identifiers.allocate("step_run_ids", len(steps))
        )
        run = Run.start(
            run_id,
            process_id=command.process_id,
            entity_id=command.entity_id,
            entity_name=command.entity_name,
            meta=command.meta,
            safe_meta_fields=process.safe_meta_fields,
            steps=list(zip(step_run_ids, steps, strict=True)),
        )
        seen = {process.id: process.version}
        return run, await store.save(run, metadata=metadata, unmoved=seen)

    return await retrying(attempt)


async def update_step_run(
    store: EventStore, directory: StepRunDirectory, command: UpdateStepRun, metadata: Metadata
) -> tuple[Run, int]:
    """Record a report on a step run; give its run with the position of the event.

    Raises NotFoundError for an unknown step run, RuleViolatedError for a report that cannot be.
    """
    run_id = await directory.run_of(command.step_run_id)
    if run_id is None:
        raise NotFoundError(f"Step run {command.step_run_id} not found")

    async def attempt() -> tuple[Run, int]:
        run = await store.load(Run, run_id)
        run.record_step(command.step_run_id, command.change)
        return run, await store.save(run, metadata=metadata)

    return await retrying(attempt)


async def neutralize_run(
    store: EventStore, command: NeutralizeRun, metadata: Metadata
) -> tuple[Run, int]:
    """Erase a run's personal data; give the run with the position of the redaction event.

    Raises NotFoundError for an unknown run.
    """

    async def attempt() -> tuple[Run, int]:
        run = await store.load(Run, command.run_id)
        run.neutralize(reason=command.reason, policy=command.policy)
        return run, await store.save(run, metadata=metadata)

    return await retrying(attempt)

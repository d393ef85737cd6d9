"""Starting runs, and recording what becomes of them and their steps."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from application.errors import NotFoundError
from application.ports import EventStore, Identifiers
from application.processes.handlers import peek_process
from application.retries import retrying
from domain.errors import RuleViolatedError
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


async def start_run(
    store: EventStore, identifiers: Identifiers, command: StartRun, metadata: Metadata
) -> tuple[Run, int]:
    """Start a run with a step run for each active step; give it with its event's position.

    The steps are those of the process at the moment of recording. Raises NotFoundError for an
    unknown process.
    """

    async def attempt() -> tuple[Run, int]:
        process = await peek_process(store, command.process_id)
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
    run_id = await find_run(directory, command.step_run_id)

    async def attempt() -> tuple[Run, int]:
        run = await load_run(store, run_id)
        run.record_step(command.step_run_id, command.change)
        return run, await store.save(run, metadata=metadata)

    return await retrying(attempt)


async def change_run_meta(
    store: EventStore, run_id: int, changes: dict[str, Any], metadata: Metadata
) -> tuple[Run, int]:
    """Set and take away meta fields of a run; give the run with the position of the event.

    Raises NotFoundError for an unknown or deleted run, NeutralizedError for personal fields of one
    that was neutralized.
    """

    def change(run: Run) -> None:
        run.change_meta(changes)

    return await _change(store, run_id, change, metadata)


async def call_run_off(store: EventStore, run_id: int, metadata: Metadata) -> tuple[Run, int]:
    """Cancel a run. Raises NotFoundError, or RuleViolatedError for one that has ended."""
    return await _change(store, run_id, Run.call_off, metadata)


async def delete_run(store: EventStore, run_id: int, metadata: Metadata) -> tuple[Run, int]:
    """Hide a run with its step runs. Raises NotFoundError if there is none to see."""
    return await _change(store, run_id, Run.delete, metadata)


async def restore_run(store: EventStore, run_id: int, metadata: Metadata) -> tuple[Run, int]:
    """Show a deleted run again.

    Raises NotFoundError for an unknown run, RuleViolatedError while its process is deleted.
    """

    async def attempt() -> tuple[Run, int]:
        run = await store.load(Run, run_id)
        process = await store.peek(Process, run.state.process_id)
        if process.state.is_deleted:
            raise RuleViolatedError(f"Process {process.key} is deleted; restore it first")
        run.restore()
        return run, await store.save(run, metadata=metadata)

    return await retrying(attempt)


async def load_run(store: EventStore, run_id: int) -> Run:
    """Give a run to be changed. Raises NotFoundError for one that is unknown or hidden."""
    run = await store.load(Run, run_id)
    process = await store.peek(Process, run.state.process_id)
    if run.state.is_deleted or process.state.is_deleted:
        raise NotFoundError(f"Run {run_id} not found")
    return run


async def find_run(directory: StepRunDirectory, step_run_id: int) -> int:
    """Give the id of a step run's run. Raises NotFoundError for an unknown step run."""
    run_id = await directory.run_of(step_run_id)
    if run_id is None:
        raise NotFoundError(f"Step run {step_run_id} not found")
    return run_id


async def _change(
    store: EventStore, run_id: int, change: Callable[[Run], None], metadata: Metadata
) -> tuple[Run, int]:
    async def attempt() -> tuple[Run, int]:
        run = await load_run(store, run_id)
        change(run)
        return run, await store.save(run, metadata=metadata)

    return await retrying(attempt)

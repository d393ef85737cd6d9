"""Setting up processes and their steps."""

from collections.abc import Callable
from typing import Any

import msgspec

from application.errors import NotFoundError
from application.ports import EventStore, Identifiers
from application.retries import retrying
from domain.events import Metadata
from domain.processes.process import Process
from domain.processes.rerun import RerunConfig


class CreateProcess(msgspec.Struct, frozen=True, kw_only=True):
    """Set up a process."""

    name: str
    meta: dict[str, Any]


class AddStep(msgspec.Struct, frozen=True, kw_only=True):
    """Add a step to a process."""

    process_id: int
    index: int
    name: str
    is_rerunnable: bool
    rerun_config: RerunConfig | None


class KeepFor(msgspec.Struct, frozen=True, kw_only=True):
    """Set how many months the personal data of a process's runs is kept."""

    process_id: int
    retention_months: int | None


async def create_process(
    store: EventStore, identifiers: Identifiers, command: CreateProcess, metadata: Metadata
) -> tuple[Process, int]:
    """Set up a process; give it with the position of its event."""
    [process_id] = await identifiers.allocate("process_ids")
    process = Process.create(process_id, name=command.name, meta=command.meta)
    return process, await store.save(process, metadata=metadata)


async def add_step(
    store: EventStore, identifiers: Identifiers, command: AddStep, metadata: Metadata
) -> tuple[Process, int]:
    """Add a step to a process; give the process with the position of the step's event.

    Raises NotFoundError for an unknown process, RuleViolatedError for an index that is taken.
    """
    [step_id] = await identifiers.allocate("step_ids")

    async def attempt() -> tuple[Process, int]:
        process = await load_process(store, command.process_id)
        process.add_step(
            step_id,
            index=command.index,
            name=command.name,
            is_rerunnable=command.is_rerunnable,
            rerun_config=command.rerun_config,
        )
        return process, await store.save(process, metadata=metadata)

    return await retrying(attempt)


async def keep_for(store: EventStore, command: KeepFor, metadata: Metadata) -> tuple[Process, int]:
    """Set a process's retention. Raises NotFoundError for an unknown or deleted process."""

    def change(process: Process) -> None:
        process.keep_for(command.retention_months)

    return await _change(store, command.process_id, change, metadata)


async def delete_process(
    store: EventStore, process_id: int, metadata: Metadata
) -> tuple[Process, int]:
    """Hide a process and all that belongs to it. Raises NotFoundError if there is none to see."""
    return await _change(store, process_id, Process.delete, metadata)


async def restore_process(
    store: EventStore, process_id: int, metadata: Metadata
) -> tuple[Process, int]:
    """Show a deleted process again. Raises NotFoundError for an unknown one."""

    async def attempt() -> tuple[Process, int]:
        process = await store.load(Process, process_id)
        process.restore()
        return process, await store.save(process, metadata=metadata)

    return await retrying(attempt)


async def load_process(store: EventStore, process_id: int) -> Process:
    """Give a process to be changed. Raises NotFoundError for an unknown or deleted one."""
    process = await store.load(Process, process_id)
    if process.state.is_deleted:
        raise not_found(process_id)
    return process


async def peek_process(store: EventStore, process_id: int) -> Process:
    """Give a process to be looked at. Raises NotFoundError for an unknown or deleted one."""
    process = await store.peek(Process, process_id)
    if process.state.is_deleted:
        raise not_found(process_id)
    return process


def not_found(process_id: int) -> NotFoundError:
    """Say that there is no such process to be seen."""
    return NotFoundError(f"Process {process_id} not found")


async def _change(
    store: EventStore, process_id: int, change: Callable[[Process], None], metadata: Metadata
) -> tuple[Process, int]:
    async def attempt() -> tuple[Process, int]:
        process = await load_process(store, process_id)
        change(process)
        return process, await store.save(process, metadata=metadata)

    return await retrying(attempt)

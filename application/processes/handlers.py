"""Setting up processes and their steps."""

from typing import Any

import msgspec

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
        process = await store.load(Process, command.process_id)
        process.add_step(
            step_id,
            index=command.index,
            name=command.name,
            is_rerunnable=command.is_rerunnable,
            rerun_config=command.rerun_config,
        )
        return process, await store.save(process, metadata=metadata)

    return await retrying(attempt)

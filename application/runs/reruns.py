"""Running failed steps again: on request, then attempt by attempt (seed: Rerun Workflow)."""

from typing import Any

import msgspec

from application.ports import EventStore, Identifiers
from application.processes.handlers import peek_process
from application.retries import retrying
from application.runs.handlers import StepRunDirectory, find_run, load_run
from domain.events import Metadata
from domain.runs.events import StepRun
from domain.runs.run import Run


class RequestRerun(msgspec.Struct, frozen=True, kw_only=True):
    """Run a failed step run again."""

    step_run_id: int
    meta: dict[str, Any]


async def request_rerun(
    store: EventStore,
    identifiers: Identifiers,
    directory: StepRunDirectory,
    command: RequestRerun,
    metadata: Metadata,
) -> tuple[StepRun, Run, int]:
    """Put a new step run in place of a failed one; give it, its run and the event's position.

    Raises NotFoundError for an unknown step run, RuleViolatedError for one that cannot be rerun.
    """
    run_id = await find_run(directory, command.step_run_id)
    [new_id] = await identifiers.allocate("step_run_ids")

    async def attempt() -> tuple[StepRun, Run, int]:
        run = await load_run(store, run_id)
        process = await peek_process(store, run.state.process_id)
        step = process.state.steps[run.state.steps[command.step_run_id].step_id]
        rerun = run.request_rerun(command.step_run_id, new_id, step=step, meta=command.meta)
        seen = {process.id: process.version}
        return rerun, run, await store.save(run, metadata=metadata, unmoved=seen)

    return await retrying(attempt)

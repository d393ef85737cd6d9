"""Running failed steps again: on request, then attempt by attempt (seed: Rerun Workflow)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from application.ports import EventStore, Identifiers
from application.processes.handlers import peek_process
from application.retries import retrying
from application.runs.handlers import StepRunDirectory, find_run, load_run
from application.runs.ports import RerunEndpoint, RerunOutcome, RerunRequest, RerunResult
from domain.events import Metadata
from domain.processes.process import Process
from domain.runs.run import Run

ACCEPTED = 202

# What is hidden or forgotten has no effects outside.
GONE = RerunOutcome(
    result=RerunResult.REJECTED,
    detail="the run has been deleted or neutralized, and nothing was sent",
)


class RequestRerun(msgspec.Struct, frozen=True, kw_only=True):
    """Run a failed step run again."""

    step_run_id: int
    meta: dict[str, Any]


class RerunAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt, counted from 1, to have a step run's rerun done by its endpoint."""

    run_id: int
    step_run_id: int
    attempt: int


async def request_rerun(
    store: EventStore,
    identifiers: Identifiers,
    directory: StepRunDirectory,
    command: RequestRerun,
    metadata: Metadata,
) -> tuple[Run, int]:
    """Put a new step run in place of a failed one; give the run with the event's position.

    Raises NotFoundError for an unknown step run, RuleViolatedError for one that cannot be rerun.
    """
    run_id = await find_run(directory, command.step_run_id)
    [new_id] = await identifiers.allocate("step_run_ids")

    async def attempt() -> tuple[Run, int]:
        run = await load_run(store, run_id)
        process = await peek_process(store, run.state.process_id)
        step = process.state.steps[run.state.steps[command.step_run_id].step_id]
        run.request_rerun(command.step_run_id, new_id, step=step, meta=command.meta)
        seen = {process.id: process.version}
        return run, await store.save(run, metadata=metadata, unmoved=seen)

    return await retrying(attempt)


async def attempt_rerun(
    store: EventStore, endpoint: RerunEndpoint, attempt: RerunAttempt, metadata: Metadata
) -> None:
    """Make an attempt and record how it ended; of no effect if it has ended already.

    It is recorded before the endpoint is called. A process that dies in the middle leaves it under
    way, and whoever takes it up calls the endpoint again, with the same key.
    """
    request = await retrying(lambda: _begin(store, attempt, metadata))
    if request is None:
        return
    outcome = await endpoint.call(request)
    await retrying(lambda: _record(store, attempt, outcome, metadata))


async def _begin(
    store: EventStore, attempt: RerunAttempt, metadata: Metadata
) -> RerunRequest | None:
    run = await store.load(Run, attempt.run_id)
    process = await store.peek(Process, run.state.process_id)
    if not run.begin_attempt(attempt.step_run_id, attempt.attempt):
        return None
    gone = run.state.is_neutralized or run.state.is_deleted or process.state.is_deleted
    if gone:
        _fail(run, attempt, GONE)
    await store.save(run, metadata=metadata)
    return None if gone else _request(run, attempt, metadata)


async def _record(
    store: EventStore, attempt: RerunAttempt, outcome: RerunOutcome, metadata: Metadata
) -> None:
    run = await store.load(Run, attempt.run_id)
    if outcome.result is RerunResult.SUCCESS and outcome.status_code == ACCEPTED:
        run.accept_attempt(attempt.step_run_id, attempt.attempt)
    elif outcome.result is RerunResult.SUCCESS:
        run.succeed_attempt(attempt.step_run_id, attempt.attempt, outcome.response)
    else:
        _fail(run, attempt, outcome)
    await store.save(run, metadata=metadata)


def _fail(run: Run, attempt: RerunAttempt, outcome: RerunOutcome) -> None:
    run.fail_attempt(
        attempt.step_run_id,
        attempt.attempt,
        condition=outcome.result,
        detail=outcome.detail,
        at=datetime.now(UTC),
        retry_after=timedelta(seconds=outcome.retry_after_seconds or 0),
    )


def _request(run: Run, attempt: RerunAttempt, metadata: Metadata) -> RerunRequest:
    state = run.state
    step_run = state.steps[attempt.step_run_id]
    assert step_run.rerun is not None
    config = step_run.rerun.config
    assert config.api_endpoint is not None
    return RerunRequest(
        step_run_id=step_run.id,
        url=config.api_endpoint,
        timeout_seconds=config.timeout_seconds,
        correlation_id=metadata.correlation_id,
        body={
            "subprocess_id": config.subprocess_id,
            "process_id": state.process_id,
            "run_id": int(run.key),
            "step_id": step_run.step_id,
            "step_index": step_run.index,
            "step_name": step_run.name,
            "step_run_id": step_run.id,
            "original_step_run_id": step_run.original_step_run_id,
            "attempt": attempt.attempt,
            "entity_id": state.entity_id,
            "entity_name": state.entity_name,
            "meta": state.meta.whole,
            "rerun_meta": step_run.meta.whole,
        },
    )

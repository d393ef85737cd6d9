"""Given runs and retentions, when time has passed and a sweep comes, then these are neutralized."""

from datetime import UTC, datetime

import pytest
from dateutil.relativedelta import relativedelta

from application.metadata import by_system
from application.processes.handlers import (
    CreateProcess,
    KeepFor,
    create_process,
    delete_process,
    keep_for,
)
from application.runs.handlers import StartRun, delete_run, start_run
from application.runs.neutralization import Neutralized, neutralize_due, sweep
from domain.runs.run import Run
from interfaces.services import Services

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")


async def process_with_retention(services: Services, months: int | None) -> int:
    command = CreateProcess(name="Onboarding", meta={})
    process, _ = await create_process(services.store, services.identifiers, command, BY_TEST)
    process_id = int(process.key)
    await keep_for(services.store, KeepFor(process_id=process_id, retention_months=months), BY_TEST)
    return process_id


async def runs_of(services: Services, process_id: int, count: int = 1) -> list[int]:
    runs = []
    for _ in range(count):
        command = StartRun(process_id=process_id, entity_id="x", entity_name="John Doe", meta={})
        run, _ = await start_run(services.store, services.identifiers, command, BY_TEST)
        runs.append(int(run.key))
    return runs


async def swept_after(services: Services, months: int, batch_size: int = 100) -> Neutralized:
    """When the sweep comes that much later."""
    later = datetime.now(UTC) + relativedelta(months=months, days=1)
    return await sweep(
        services.store,
        services.freshness,
        services.retention,
        services.parked_streams,
        BY_TEST,
        now=later,
        batch_size=batch_size,
    )


async def names(services: Services, runs: list[int]) -> list[str | None]:
    return [(await services.store.load(Run, run)).state.entity_name for run in runs]


async def test_a_run_is_neutralized_when_its_months_are_over_and_not_before(
    services: Services,
) -> None:
    long = await runs_of(services, await process_with_retention(services, 12))
    short = await runs_of(services, await process_with_retention(services, 6))
    kept = await runs_of(services, await process_with_retention(services, None))

    assert (await swept_after(services, 5)).neutralized_run_ids == []
    assert (await swept_after(services, 6)).neutralized_run_ids == short
    assert (await swept_after(services, 12)).neutralized_run_ids == long
    assert await names(services, [*long, *short, *kept]) == [None, None, "John Doe"]


async def test_a_sweep_goes_on_batch_by_batch_until_none_is_left(services: Services) -> None:
    runs = await runs_of(services, await process_with_retention(services, 1), 7)
    done = await swept_after(services, 1, batch_size=3)
    assert done.neutralized_run_ids == runs
    assert done.failed_run_ids == []
    assert (await swept_after(services, 1)).neutralized_run_ids == []


async def test_what_is_deleted_is_neutralized_too(services: Services) -> None:
    process = await process_with_retention(services, 1)
    deleted, hidden = await runs_of(services, process, 2)
    await delete_run(services.store, deleted, BY_TEST)
    await delete_process(services.store, process, BY_TEST)
    assert (await swept_after(services, 1)).neutralized_run_ids == [deleted, hidden]


async def test_a_changed_retention_counts_for_runs_that_there_are(services: Services) -> None:
    process = await process_with_retention(services, 6)
    runs = await runs_of(services, process)
    await keep_for(services.store, KeepFor(process_id=process, retention_months=24), BY_TEST)
    assert (await swept_after(services, 12)).neutralized_run_ids == []
    await keep_for(services.store, KeepFor(process_id=process, retention_months=1), BY_TEST)
    assert (await swept_after(services, 1)).neutralized_run_ids == runs


async def test_what_is_recorded_decides_whether_a_run_is_due(services: Services) -> None:
    """Whoever asks for it may have looked before the retention was lifted."""
    process = await process_with_retention(services, 1)
    runs = await runs_of(services, process)
    await keep_for(services.store, KeepFor(process_id=process, retention_months=None), BY_TEST)
    later = datetime.now(UTC) + relativedelta(months=2)

    done = await neutralize_due(services.store, runs, BY_TEST, now=later)

    assert done == Neutralized(neutralized_run_ids=[], failed_run_ids=[], position=None)


async def test_a_run_that_fails_does_not_keep_the_others(services: Services) -> None:
    runs = await runs_of(services, await process_with_retention(services, 1), 2)
    later = datetime.now(UTC) + relativedelta(months=2)
    done = await neutralize_due(services.store, [runs[0], 999, runs[1]], BY_TEST, now=later)
    assert (done.neutralized_run_ids, done.failed_run_ids) == (runs, [999])


async def test_the_event_tells_the_policy(services: Services) -> None:
    [run] = await runs_of(services, await process_with_retention(services, 1))
    await swept_after(services, 1)
    event = (await services.store.history(f"run-{run}"))[-1].event
    assert getattr(event, "policy", None) == "retention"
    assert getattr(event, "reason", None) == "The retention period of 1 months has ended"

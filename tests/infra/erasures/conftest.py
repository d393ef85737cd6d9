"""A run about Ann Example who was erased, beside one about somebody who was not."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from application.metadata import by_system
from application.processes.handlers import AddStep, CreateProcess, add_step, create_process
from application.runs.handlers import (
    StartRun,
    UpdateStepRun,
    change_run_meta,
    start_run,
    update_step_run,
)
from application.runs.neutralization import NeutralizeRun, neutralize_run
from domain.runs.run import Run, StepRunChange
from domain.runs.status import StepRunStatus
from interfaces.services import Services

BY_TEST = by_system("test")
READ_MODELS = ("runs",)


@pytest.fixture
async def sql(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection past Annals, as an operator or an intruder has one."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def erased(services: Services) -> str:
    """The subject that was erased."""
    process, _ = await create_process(
        services.store, services.identifiers, CreateProcess(name="Onboarding", meta={}), BY_TEST
    )
    step = AddStep(
        process_id=int(process.key), index=0, name="Check", is_rerunnable=False, rerun_config=None
    )
    await add_step(services.store, services.identifiers, step, BY_TEST)
    ann = await started(services, int(process.key), "Ann Example")
    await started(services, int(process.key), "Bob Kept")
    await reported(services, ann, note="Ann was here", weight=1.50)
    await change_run_meta(
        services.store, int(ann.key), {"email": "ann@example.org", "region": "EMEA"}, BY_TEST
    )
    command = NeutralizeRun(run_id=int(ann.key), reason="asked by her", policy="manual")
    await neutralize_run(services.store, command, BY_TEST)
    await services.freshness.reach_head(READ_MODELS)
    return ann.id


async def started(services: Services, process_id: int, name: str) -> Run:
    command = StartRun(
        process_id=process_id,
        entity_id=f"Id of {name}",
        entity_name=name,
        meta={"email": f"{name[:3]}@example.org", "department": "Sales", "phone": 12345},
    )
    run, _ = await start_run(services.store, services.identifiers, command, BY_TEST)
    return run


async def reported(services: Services, run: Run, **meta: object) -> None:
    await services.freshness.reach_head(READ_MODELS)
    [step_run_id] = run.state.steps
    change = StepRunChange(status=StepRunStatus.SUCCESS, meta=meta)
    command = UpdateStepRun(step_run_id=step_run_id, change=change)
    await update_step_run(services.store, services.runs, command, BY_TEST)

"""Time passes for every stewardship in which something is due, and only for those."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from application.errors import NotFoundError
from application.metadata import by_system
from application.stewardship.passing import let_time_pass, passing_time, stewardship_wakings
from domain.stewardship.definition import (
    EscalationDefinition,
    OptionsDefinition,
    ScheduleDefinition,
    TriggerDefinition,
)
from domain.stewardship.executing import report_step, start_execution
from domain.stewardship.execution_events import WorkflowExecutionStarted
from domain.stewardship.kinds import ScheduleType, StepOutcome, StewardshipStatus
from domain.stewardship.stewardship import Stewardship
from interfaces.services import Services
from tests.application.stewardship.queue import Queue
from tests.domain.stewardship.definitions import (
    START,
    a_definition,
    a_responsibility,
    a_workflow,
    after,
)

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")

EVERY_SIX_HOURS = TriggerDefinition(
    id="often",
    schedule=ScheduleDefinition(type=ScheduleType.INTERVAL, interval="6h"),
    enabled=True,
)


async def set_up(services: Services, key: int = 1, **fields: Any) -> Stewardship:
    stewardship = Stewardship.create(key, a_definition(**fields), now=START)
    await services.store.save(stewardship, metadata=BY_TEST)
    return stewardship


async def look(services: Services, at: datetime) -> None:
    """When somebody looks what is due at a moment."""
    await services.freshness.reach_head(["stewardships"])
    await let_time_pass(services.store, services.stewardships, lambda: at)


async def happened(services: Services, key: int = 1) -> list[str]:
    """Then this has happened since the stewardship was set up."""
    history = await services.store.history(Stewardship.stream_id(key))
    names = [type(recorded.event).__name__ for recorded in history]
    return names[names.index("ResponsibilityAdded") + 1 :]


async def due(services: Services, at: datetime) -> list[int]:
    await services.freshness.reach_head(["stewardships"])
    return list(await services.stewardships.due(at, 10))


async def test_a_trigger_starts_its_workflow_once_however_many_look(services: Services) -> None:
    await set_up(services)
    await look(services, after(hours=22, minutes=29))
    assert await happened(services) == []
    assert await due(services, after(hours=22, minutes=30)) == [1]

    await asyncio.gather(*[look(services, after(hours=22, minutes=30)) for _ in range(4)])
    await look(services, after(hours=22, minutes=31))

    assert await happened(services) == ["WorkflowExecutionStarted", "WorkflowStepStarted"]
    assert await due(services, after(hours=23, minutes=29)) == []


async def test_what_fell_due_while_nobody_looked_is_made_up_for(services: Services) -> None:
    await set_up(services, workflows=[a_workflow(triggers=[EVERY_SIX_HOURS], steps=[])])
    for hours in (6, 7, 20, 24):
        await look(services, after(hours=hours))

    started = [
        recorded.event.due_at
        for recorded in await services.store.history("stewardship-1")
        if isinstance(recorded.event, WorkflowExecutionStarted)
    ]
    assert started == [after(hours=6), after(hours=18), after(hours=24)]


async def test_a_step_times_out_is_tried_again_and_fails_its_workflow(services: Services) -> None:
    await set_up(services)
    for passed in (
        {"hours": 22.5},  # due: begun, for an hour
        {"hours": 23.5},  # timed out
        {"hours": 23.5, "minutes": 5},  # tried again
        {"hours": 24.5, "minutes": 5},
        {"hours": 24.5, "minutes": 15},  # after twice the pause
        {"hours": 25.5, "minutes": 15},
    ):
        await look(services, after(**passed))

    assert await happened(services) == [
        "WorkflowExecutionStarted",
        "WorkflowStepStarted",
        "WorkflowStepTimedOut",
        "WorkflowStepRetried",
        "WorkflowStepTimedOut",
        "WorkflowStepRetried",
        "WorkflowStepTimedOut",
        "WorkflowExecutionFailed",
    ]


async def test_an_overdue_responsibility_escalates_level_by_level_until_it_is_done(
    services: Services,
) -> None:
    await set_up(services, workflows=[])
    for days, hours in ((6, 0), (7, 0.5), (7, 1), (7, 2), (7, 4), (8, 0), (9, 0)):
        await look(services, after(days=days, hours=hours))

    assert await happened(services) == ["ResponsibilityFellOverdue"] + 3 * [
        "ResponsibilityEscalated"
    ]
    assert await due(services, after(days=900)) == []


async def test_nothing_falls_due_in_one_that_is_suspended(services: Services) -> None:
    stewardship = await set_up(services, options=OptionsDefinition())
    stewardship.change_status(StewardshipStatus.SUSPENDED, reason="", by="user:ann", now=START)
    await services.store.save(stewardship, metadata=BY_TEST)
    assert await due(services, after(days=900)) == []

    stewardship.change_status(StewardshipStatus.ACTIVE, reason="", by="user:ann", now=after(days=3))
    await services.store.save(stewardship, metadata=BY_TEST)
    assert await due(services, after(days=3)) == []
    assert await due(services, after(days=4)) == [1]


async def test_a_step_that_is_reported_in_time_does_not_time_out(services: Services) -> None:
    await set_up(services)
    await look(services, after(hours=22.5))
    stewardship = await services.store.load(Stewardship, 1)
    report_step(
        stewardship,
        "workflow_001",
        "execution_1",
        "step_001",
        outcome=StepOutcome.SUCCESS,
        note="",
        now=after(hours=23),
    )
    await services.store.save(stewardship, metadata=BY_TEST)
    await look(services, after(hours=24))

    assert (await happened(services))[-2:] == [
        "WorkflowStepSucceeded",
        "WorkflowExecutionSucceeded",
    ]


async def test_one_that_goes_wrong_does_not_keep_the_others_waiting(services: Services) -> None:
    for key in (1, 2):
        await set_up(services, key, workflows=[], responsibilities=[a_responsibility()])

    await services.freshness.reach_head(["stewardships"])

    class WithOneThatIsGone:
        async def due(self, now: datetime, limit: int) -> list[int]:
            return [1, 99, *await services.stewardships.due(now, limit)]

    with pytest.raises(NotFoundError):
        await let_time_pass(
            services.store,
            WithOneThatIsGone(),
            lambda: after(days=7, minutes=1),
        )
    assert (
        await happened(services, 1) == await happened(services, 2) == ["ResponsibilityFellOverdue"]
    )


async def test_what_falls_due_before_the_next_look_has_a_job_of_its_own(
    services: Services,
) -> None:
    soon = a_responsibility(due_date=after(seconds=20))
    later = a_responsibility("resp_002", due_date=after(hours=2))
    stewardship = await set_up(services, responsibilities=[soon, later])
    execution = start_execution(stewardship, "workflow_001", now=START)
    await services.store.save(stewardship, metadata=BY_TEST)
    jobs = [
        job
        for recorded in await services.store.history(stewardship.id)
        for job in stewardship_wakings.jobs(recorded)
    ]
    assert execution.steps[0].deadline == after(hours=1)
    assert [job.at for job in jobs] == [after(seconds=21)]


async def test_one_job_is_enough_for_all_that_falls_due_in_the_same_second(
    services: Services,
) -> None:
    some = [
        a_responsibility(f"resp_{number}", due_date=after(seconds=20, milliseconds=number))
        for number in range(1000)
    ]
    await set_up(services, responsibilities=some)
    history = await services.store.history("stewardship-1")
    jobs = [job for recorded in history for job in stewardship_wakings.jobs(recorded)]

    assert {(job.queueing_lock, job.at) for job in jobs} == {(jobs[0].queueing_lock, jobs[0].at)}
    assert jobs[0].at == after(seconds=21)


async def test_who_is_woken_has_it_happen_and_asks_to_be_woken_for_the_next(
    services: Services,
) -> None:
    options = OptionsDefinition(
        escalation=EscalationDefinition(
            enabled=True, auto_escalate=True, levels=2, timeouts=["10s", "1h"]
        )
    )
    await set_up(services, options=options, workflows=[])
    queue = Queue()
    wake = passing_time(
        services.store,
        services.stewardships,
        queue,
        lambda: after(days=7, seconds=1),
    )
    [_, woken] = wake
    await woken.function({"stewardship_id": 1})

    assert await happened(services) == ["ResponsibilityFellOverdue"]
    assert [job.at for job in queue.jobs] == [after(days=7, seconds=11)]

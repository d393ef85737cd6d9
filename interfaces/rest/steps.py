"""The steps of processes (seed: Step Management)."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from msgspec import Meta

from application.processes.handlers import AddStep, add_step
from domain.processes.rerun import RerunConfig
from interfaces.rest.bodies import Body, Id, Name
from interfaces.rest.commands import SentCommand
from interfaces.rest.parameters import ProcessId
from interfaces.rest.processes import find_process
from interfaces.rest.recorded import COMMAND_HEADERS
from interfaces.services import Services
from projections.processes.projection import StepRow


class AddStepBody(Body, frozen=True, kw_only=True):
    """A step to be added to a process."""

    process_id: Id
    index: Annotated[int, Meta(ge=0, le=10_000)]
    name: Name
    is_rerunnable: bool = False
    rerun_config: RerunConfig | None = None


class StepView(msgspec.Struct, frozen=True):
    """A step of a process, as it is shown."""

    id: int
    process_id: int
    index: int
    name: str
    is_rerunnable: bool
    rerun_config: RerunConfig | None


class StepController(Controller):
    """Steps of processes."""

    path = "/steps"
    tags = ("Steps",)

    @post(
        "/",
        operation_id="createStep",
        response_headers=COMMAND_HEADERS,
        summary="Add a step to a process",
    )
    async def create(
        self, sent: SentCommand, services: Services, data: AddStepBody
    ) -> Response[StepView]:
        """Add a step; runs started from now on go through it."""
        command = AddStep(
            process_id=data.process_id,
            index=data.index,
            name=data.name,
            is_rerunnable=data.is_rerunnable,
            rerun_config=data.rerun_config,
        )
        added = await sent.carry_out(
            lambda metadata: add_step(services.store, services.identifiers, command, metadata)
        )
        step = added.aggregate.step_at(data.index)
        view = StepView(
            id=step.id,
            process_id=data.process_id,
            index=step.index,
            name=step.name,
            is_rerunnable=step.is_rerunnable,
            rerun_config=step.rerun_config,
        )
        return added.answer(view, status=201)

    @get("/process/{process_id:str}", operation_id="listSteps", summary="List a process's steps")
    async def of_process(self, services: Services, process_id: ProcessId) -> Sequence[StepView]:
        """List the steps of a process in order."""
        await find_process(services, process_id)
        return [step_view(row) for row in await services.processes.steps(process_id)]

    @get(
        "/process/{process_id:str}/rerunnable",
        operation_id="listRerunnableSteps",
        summary="List a process's rerunnable steps",
    )
    async def rerunnable(self, services: Services, process_id: ProcessId) -> Sequence[StepView]:
        """List the steps of a process that can be rerun once they failed, in order."""
        await find_process(services, process_id)
        steps = await services.processes.steps(process_id)
        return [step_view(row) for row in steps if row.is_rerunnable]


def step_view(row: StepRow) -> StepView:
    """Show a step of the read model."""
    return StepView(
        id=row.id,
        process_id=row.process_id,
        index=row.index,
        name=row.name,
        is_rerunnable=row.is_rerunnable,
        rerun_config=msgspec.convert(row.rerun_config, RerunConfig | None),
    )

"""Processes and their steps (seed: Process Management, Step Management)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import Parameter
from msgspec import Meta

from application.errors import NotFoundError
from application.processes.handlers import AddStep, CreateProcess, add_step, create_process
from domain.processes.rerun import RerunConfig
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.bodies import Body, Id, Name
from interfaces.rest.commands import SentCommand
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.parameters import ProcessId
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, versioned
from interfaces.services import Services
from projections.processes.projection import ProcessRow, StepRow

READ_MODELS = ("processes",)


class CreateProcessBody(Body, frozen=True, kw_only=True):
    """A process to be set up."""

    name: Name
    meta: dict[str, Any] = msgspec.field(default_factory=dict)


class AddStepBody(Body, frozen=True, kw_only=True):
    """A step to be added to a process."""

    process_id: Id
    index: Annotated[int, Meta(ge=0, le=10_000)]
    name: Name
    is_rerunnable: bool = False
    rerun_config: RerunConfig | None = None


class ProcessView(msgspec.Struct, frozen=True):
    """A process, as it is shown."""

    id: int
    name: str
    meta: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class StepView(msgspec.Struct, frozen=True):
    """A step of a process, as it is shown."""

    id: int
    process_id: int
    index: int
    name: str
    is_rerunnable: bool
    rerun_config: RerunConfig | None


ProcessPage = Annotated[Page[ProcessView], Parameter(schema_component_key="ProcessPage")]


class ProcessController(Controller):
    """Processes."""

    path = "/processes"
    tags = ("Processes",)

    @post(
        "/",
        operation_id="createProcess",
        response_headers=COMMAND_HEADERS,
        summary="Create a process",
    )
    async def create(
        self, sent: SentCommand, services: Services, data: CreateProcessBody
    ) -> Response[ProcessView]:
        """Set up a process; runs of it may be started once it has steps, or at once without."""
        command = CreateProcess(name=data.name, meta=data.meta)
        created = await sent.carry_out(
            lambda metadata: create_process(services.store, services.identifiers, command, metadata)
        )
        process = created.aggregate
        view = ProcessView(
            id=int(process.key),
            name=process.state.name,
            meta=process.state.meta,
            created_at=process.created_on,
            updated_at=process.modified_on,
        )
        return created.answer(view, status=201)

    @get("/", operation_id="listProcesses", response_headers=PAGE_HEADERS, summary="List processes")
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[ProcessPage]:
        """List processes, newest first."""
        await services.freshness.reach_head(READ_MODELS)
        found = await services.processes.newest(page, size)
        views = [_process_view(row) for row in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @get(
        "/{process_id:str}",
        operation_id="getProcess",
        response_headers=VERSION_HEADERS,
        summary="Get a process",
    )
    async def get(self, services: Services, process_id: ProcessId) -> Response[ProcessView]:
        """Show a process."""
        row = await find_process(services, process_id)
        return versioned(_process_view(row), row.version)


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
        return [_step_view(row) for row in await services.processes.steps(process_id)]


async def find_process(services: Services, process_id: int) -> ProcessRow:
    """Give a process as of now. Raises NotFoundError."""
    await services.freshness.reach_head(READ_MODELS)
    row = await services.processes.get(process_id)
    if row is None:
        raise NotFoundError(f"Process {process_id} not found")
    return row


def _process_view(row: ProcessRow) -> ProcessView:
    return ProcessView(row.id, row.name, row.meta, row.created_at, row.updated_at)


def _step_view(row: StepRow) -> StepView:
    return StepView(
        id=row.id,
        process_id=row.process_id,
        index=row.index,
        name=row.name,
        is_rerunnable=row.is_rerunnable,
        rerun_config=msgspec.convert(row.rerun_config, RerunConfig | None),
    )

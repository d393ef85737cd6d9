"""Runs and step runs over HTTP (seed: Process Execution, Step Execution, Data Neutralization)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.di import Provide
from litestar.params import Body as RequestBody
from litestar.params import Parameter
from msgspec import Meta

from application.errors import NotFoundError
from application.runs.handlers import (
    NeutralizeRun,
    StartRun,
    UpdateStepRun,
    neutralize_run,
    start_run,
    update_step_run,
)
from domain.identity.roles import Role
from domain.runs.run import StepRunChange
from domain.runs.status import StepRunStatus
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.addresses import REPEATABLE
from interfaces.rest.bodies import Body, EntityId, Id, Name
from interfaces.rest.commands import SentCommand
from interfaces.rest.moments import in_utc
from interfaces.rest.openapi import OptionalBodyOperation
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.parameters import RunId, StepRunId
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, versioned
from interfaces.rest.runs.parameters import META_FILTER, run_filter, run_order
from interfaces.rest.runs.views import (
    RunDetailView,
    RunView,
    StepRunView,
    recorded_run_view,
    recorded_step_run_view,
    run_detail_view,
    run_view,
    step_run_view,
)
from interfaces.services import Services
from projections.runs.filtering import RunFilter, RunOrder
from projections.runs.queries import RunDetail

READ_MODELS = ("runs",)

DEFAULT_REASON = "Neutralized on request"
ON_REQUEST = "manual"


class StartRunBody(Body, frozen=True, kw_only=True):
    """A run to be started."""

    process_id: Id
    entity_id: EntityId
    entity_name: Name | None = None
    meta: dict[str, Any] = msgspec.field(default_factory=dict)


class UpdateStepRunBody(Body, frozen=True, kw_only=True):
    """What an executor reports of a step run; what is left out stays as it is."""

    status: StepRunStatus | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    meta: dict[str, Any] | None = None


class NeutralizeBody(Body, frozen=True, kw_only=True):
    """Why a run's personal data is erased; stays in the audit history."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000)] = DEFAULT_REASON


RunPage = Annotated[Page[RunView], Parameter(schema_component_key="RunPage")]


class RunController(Controller):
    """Runs."""

    path = "/runs"
    tags = ("Runs",)

    @post("/", operation_id="startRun", response_headers=COMMAND_HEADERS, summary="Start a run")
    async def start(
        self, sent: SentCommand, services: Services, data: StartRunBody
    ) -> Response[RunDetailView]:
        """Start a run; it has a pending step run for each active step of the process."""
        command = StartRun(
            process_id=data.process_id,
            entity_id=data.entity_id,
            entity_name=data.entity_name,
            meta=data.meta,
        )
        started = await sent.carry_out(
            lambda metadata: start_run(services.store, services.identifiers, command, metadata)
        )
        return started.answer(recorded_run_view(started.aggregate), status=201)

    @get(
        "/",
        operation_id="listRuns",
        response_headers=PAGE_HEADERS,
        summary="List runs",
        opt={REPEATABLE: (META_FILTER,)},
        dependencies={
            "wanted": Provide(run_filter, sync_to_thread=False),
            "order": Provide(run_order, sync_to_thread=False),
        },
    )
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        wanted: RunFilter,
        order: RunOrder,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[RunPage]:
        """List the runs that fit all filters."""
        await services.freshness.reach_head(READ_MODELS)
        found = await services.runs.search(wanted, order, page=page, size=size)
        views = [run_view(row) for row in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @get(
        "/{run_id:str}",
        operation_id="getRun",
        response_headers=VERSION_HEADERS,
        summary="Get a run",
    )
    async def get(self, services: Services, run_id: RunId) -> Response[RunDetailView]:
        """Show a run with its step runs."""
        detail = await find_run(services, run_id)
        return versioned(run_detail_view(detail), detail.run.version)

    @post(
        "/{run_id:str}/neutralize",
        operation_id="neutralizeRun",
        response_headers=COMMAND_HEADERS,
        summary="Erase a run's personal data",
        operation_class=OptionalBodyOperation,
        status_code=200,
        guards=[requires(Role.ADMIN)],
    )
    async def neutralize(
        self,
        sent: SentCommand,
        services: Services,
        run_id: RunId,
        data: Annotated[NeutralizeBody | None, RequestBody()] = None,
    ) -> Response[RunDetailView]:
        """Erase the personal data of a run for good; its events tell that there was some."""
        reason = data.reason if data is not None else DEFAULT_REASON
        command = NeutralizeRun(run_id=run_id, reason=reason, policy=ON_REQUEST)
        neutralized = await sent.carry_out(
            lambda metadata: neutralize_run(services.store, command, metadata)
        )
        return neutralized.answer(recorded_run_view(neutralized.aggregate))


class StepRunController(Controller):
    """Step runs."""

    path = "/step-runs"
    tags = ("Step runs",)

    @get("/run/{run_id:str}", operation_id="listStepRuns", summary="List a run's step runs")
    async def of_run(self, services: Services, run_id: RunId) -> Sequence[StepRunView]:
        """List the step runs of a run in order."""
        detail = await find_run(services, run_id)
        return [step_run_view(row) for row in detail.steps]

    @get(
        "/{step_run_id:str}",
        operation_id="getStepRun",
        response_headers=VERSION_HEADERS,
        summary="Get a step run",
    )
    async def get(self, services: Services, step_run_id: StepRunId) -> Response[StepRunView]:
        """Show a step run."""
        await services.freshness.reach_head(READ_MODELS)
        detail = await services.runs.step_run(step_run_id)
        if detail is None:
            raise NotFoundError(f"Step run {step_run_id} not found")
        return versioned(step_run_view(detail.step), detail.run_version)

    @patch(
        "/{step_run_id:str}",
        operation_id="updateStepRun",
        response_headers=COMMAND_HEADERS,
        summary="Report on a step run",
    )
    async def update(
        self,
        sent: SentCommand,
        services: Services,
        step_run_id: StepRunId,
        data: UpdateStepRunBody,
    ) -> Response[StepRunView]:
        """Record what became of a step run; the status of its run follows."""
        await services.freshness.reach_head(READ_MODELS)
        change = StepRunChange(
            status=data.status,
            started_at=in_utc("started_at", data.started_at),
            finished_at=in_utc("finished_at", data.finished_at),
            meta=data.meta,
        )
        command = UpdateStepRun(step_run_id=step_run_id, change=change)
        updated = await sent.carry_out(
            lambda metadata: update_step_run(services.store, services.runs, command, metadata)
        )
        run = updated.aggregate
        return updated.answer(recorded_step_run_view(run.state.steps[step_run_id], run))


async def find_run(services: Services, run_id: int) -> RunDetail:
    """Give a run as of now. Raises NotFoundError."""
    await services.freshness.reach_head(READ_MODELS)
    detail = await services.runs.get(run_id)
    if detail is None:
        raise NotFoundError(f"Run {run_id} not found")
    return detail

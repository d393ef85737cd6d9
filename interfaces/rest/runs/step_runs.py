"""Step runs (seed: Step Execution Management)."""

from collections.abc import Sequence
from typing import Annotated

from litestar import Controller, Response, get, patch, post
from litestar.params import Body as RequestBody

from application.errors import NotFoundError
from application.runs.handlers import UpdateStepRun, update_step_run
from application.runs.reruns import RequestRerun, request_rerun
from domain.runs.run import StepRunChange
from interfaces.rest.commands import SentCommand
from interfaces.rest.moments import in_utc
from interfaces.rest.openapi import OptionalBodyOperation
from interfaces.rest.parameters import RunId, StepRunId
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, versioned
from interfaces.rest.runs.bodies import RerunBody, UpdateStepRunBody
from interfaces.rest.runs.responses import READ_MODELS, find_run
from interfaces.rest.runs.views import (
    RerunView,
    StepRunView,
    recorded_step_run_view,
    rerun_view,
    step_run_view,
)
from interfaces.services import Services


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

    @post(
        "/{step_run_id:str}/rerun",
        operation_id="rerunStepRun",
        response_headers=COMMAND_HEADERS,
        summary="Rerun a failed step run",
        operation_class=OptionalBodyOperation,
        status_code=201,
    )
    async def rerun(
        self,
        sent: SentCommand,
        services: Services,
        step_run_id: StepRunId,
        data: Annotated[RerunBody | None, RequestBody()] = None,
    ) -> Response[RerunView]:
        """Run a failed step again: a new step run waits for the step's endpoint, or an executor."""
        await services.freshness.reach_head(READ_MODELS)
        command = RequestRerun(step_run_id=step_run_id, meta=data.meta if data is not None else {})
        requested = await sent.carry_out(
            lambda metadata: request_rerun(
                services.store, services.identifiers, services.runs, command, metadata
            )
        )
        view = rerun_view(requested.aggregate.rerun_of(step_run_id), step_run_id)
        return requested.answer(view, status=201)

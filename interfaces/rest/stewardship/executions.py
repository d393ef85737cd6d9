"""Carrying workflows of a stewardship out (contract section 8)."""

from collections.abc import Sequence

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.middleware import DefineMiddleware

from application.errors import NotFoundError
from domain.stewardship.executing import change_workflow_status, report_step, start_execution
from domain.stewardship.kinds import StepOutcome, WorkflowStatus
from domain.stewardship.passing_time import fire_event
from domain.stewardship.state import Execution
from domain.stewardship.stewardship import Stewardship
from interfaces.rest.commands import CarriedOut, SentCommand
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, versioned
from interfaces.rest.stewardship.answers import answer, carried_out, find_stewardship
from interfaces.rest.stewardship.bodies import StepOutcomeBody, WorkflowStatusBody
from interfaces.rest.stewardship.debugging import DEBUG_HEADER, Debugging
from interfaces.rest.stewardship.parameters import (
    ExecutionId,
    StepId,
    StewardshipId,
    TriggerEvent,
    WorkflowId,
    stewardship_key,
)
from interfaces.rest.stewardship.reading import read_required
from interfaces.rest.stewardship.views import ExecutionView, StewardshipView, execution_view
from interfaces.services import Services


class ExecutionsView(msgspec.Struct, frozen=True, kw_only=True):
    """Executions, newest first."""

    executions: Sequence[ExecutionView]
    total: int


class ExecutionController(Controller):
    """Workflows as they are carried out."""

    path = "/stewardship/{stewardship_id:str}"
    tags = ("Stewardship",)
    middleware = (DefineMiddleware(Debugging),)
    parameters = DEBUG_HEADER

    @post(
        "/workflows/{workflow_id:str}/executions",
        operation_id="startExecution",
        response_headers=COMMAND_HEADERS,
        summary="Carry a workflow out",
    )
    async def start(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        workflow_id: WorkflowId,
    ) -> Response[ExecutionView]:
        """Start an execution of an active workflow with its first step."""

        def change(stewardship: Stewardship) -> None:
            start_execution(stewardship, workflow_id, now=services.clock())

        carried = await carried_out(sent, services, stewardship_id, change)
        begun = carried.aggregate.state.executions_begun
        return _execution(carried, f"execution_{begun}", status=201)

    @get(
        "/workflows/{workflow_id:str}/executions",
        operation_id="listExecutions",
        response_headers=VERSION_HEADERS,
        summary="List the executions of a workflow",
    )
    async def list(
        self, services: Services, stewardship_id: StewardshipId, workflow_id: WorkflowId
    ) -> Response[ExecutionsView]:
        """List those under way and the last that have ended; older ones are in the history."""
        row = await find_stewardship(services, stewardship_key(stewardship_id))
        state = row.read_state()
        if state.workflow(workflow_id) is None:
            raise NotFoundError(f"Workflow {workflow_id} not found")
        views = [
            execution_view(state, each)
            for each in reversed(state.executions)
            if each.workflow_id == workflow_id
        ]
        return versioned(ExecutionsView(executions=views, total=len(views)), row.version)

    @post(
        "/workflows/{workflow_id:str}/executions/{execution_id:str}/steps/{step_id:str}",
        operation_id="reportStep",
        response_headers=COMMAND_HEADERS,
        summary="Report how a step ended",
        status_code=200,
    )
    async def report(
        self,
        sent: SentCommand,
        services: Services,
        *,
        stewardship_id: StewardshipId,
        workflow_id: WorkflowId,
        execution_id: ExecutionId,
        step_id: StepId,
        data: StepOutcomeBody,
    ) -> Response[ExecutionView]:
        """Report success or failure; the execution goes on with the next step or attempt."""
        outcome = read_required("outcome", data.outcome, StepOutcome)

        def change(stewardship: Stewardship) -> None:
            report_step(
                stewardship,
                workflow_id,
                execution_id,
                step_id,
                outcome=outcome,
                note=data.note or "",
                now=services.clock(),
            )

        carried = await carried_out(sent, services, stewardship_id, change)
        return _execution(carried, execution_id)

    @patch(
        "/workflows/{workflow_id:str}",
        operation_id="changeWorkflowStatus",
        response_headers=COMMAND_HEADERS,
        summary="Change the status of a workflow",
    )
    async def change_status(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        workflow_id: WorkflowId,
        data: WorkflowStatusBody,
    ) -> Response[StewardshipView]:
        """Activate or pause a workflow; what falls due meanwhile is let pass."""
        status = read_required("status", data.status, WorkflowStatus)

        def change(stewardship: Stewardship) -> None:
            change_workflow_status(stewardship, workflow_id, status, now=services.clock())

        return answer(services, await carried_out(sent, services, stewardship_id, change))

    @post(
        "/triggers/{event:str}",
        operation_id="fireTriggers",
        response_headers=COMMAND_HEADERS,
        summary="Start the workflows that an event triggers",
        status_code=200,
    )
    async def fire(
        self,
        sent: SentCommand,
        services: Services,
        stewardship_id: StewardshipId,
        event: TriggerEvent,
    ) -> Response[ExecutionsView]:
        """Start every active workflow with an enabled trigger of this event."""

        def change(stewardship: Stewardship) -> None:
            fire_event(stewardship, event, now=services.clock())

        carried = await carried_out(sent, services, stewardship_id, change)
        state = carried.aggregate.state
        views = [
            execution_view(state, each)
            for each in reversed(state.executions)
            if each.started_at == state.updated_at
        ]
        return carried.answer(ExecutionsView(executions=views, total=len(views)))


def _execution(
    carried: CarriedOut[Stewardship], execution_id: str, *, status: int = 200
) -> Response[ExecutionView]:
    state = carried.aggregate.state
    execution: Execution | None = state.execution(execution_id)
    assert execution is not None
    return carried.answer(execution_view(state, execution), status=status)

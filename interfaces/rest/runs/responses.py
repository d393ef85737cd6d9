"""Runs as of now, and as commands have left them."""

from litestar import Response

from application.errors import NotFoundError
from domain.processes.process import Process
from domain.runs.run import Run
from interfaces.rest.commands import CarriedOut
from interfaces.rest.runs.views import RunDetailView, recorded_run_view
from interfaces.services import Services
from projections.runs.queries import RunDetail

READ_MODELS = ("runs",)


async def find_run(services: Services, run_id: int) -> RunDetail:
    """Give a run as of now. Raises NotFoundError."""
    await services.freshness.reach_head(READ_MODELS)
    detail = await services.runs.get(run_id)
    if detail is None:
        raise NotFoundError(f"Run {run_id} not found")
    return detail


async def run_response(
    services: Services, carried_out: CarriedOut[Run], *, status: int = 200
) -> Response[RunDetailView]:
    """Answer with a run as a command has left it."""
    run = carried_out.aggregate
    process = await carried_out.beside(services.store, Process, run.state.process_id)
    view = recorded_run_view(run, process.state.retention_months)
    return carried_out.answer(view, status=status)

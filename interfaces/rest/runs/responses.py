"""Runs as of now, and as commands have left them."""

from litestar import Response

from application.errors import NotFoundError
from domain.processes.process import Process
from domain.runs.run import Run
from interfaces.rest.recorded import recorded
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
    services: Services, run: Run, position: int, *, status: int = 200
) -> Response[RunDetailView]:
    """Answer with a run as a command has left it."""
    process = await services.store.peek(Process, run.state.process_id)
    view = recorded_run_view(run, process.state.retention_months)
    return recorded(view, position=position, version=run.version, status=status)

"""The dashboard of a process (seed: Dashboard Integration)."""

import msgspec
from litestar import Controller, Response, get

from domain.runs.status import RunStatus
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    PageNumber,
    PageSize,
    page_headers,
)
from interfaces.rest.parameters import ProcessId
from interfaces.rest.processes import ProcessView, find_process, process_view
from interfaces.rest.runs.views import RunDetailView, run_detail_view, success_rate
from interfaces.rest.steps import StepView, step_view
from interfaces.services import Services
from projections.runs.filtering import RunFilter, RunOrder
from projections.runs.queries import RunDetail
from projections.runs.tables import StatisticsRow

READ_MODELS = ("runs",)


class DashboardProcess(msgspec.Struct, frozen=True):
    """The process that the dashboard is about."""

    id: int
    name: str
    total_steps: int


class DashboardRun(msgspec.Struct, frozen=True):
    """One of the newest runs."""

    id: int
    entity_name: str | None
    status: RunStatus
    success_rate: float


class DashboardStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """All runs of the process by status; ``average_completion_time`` is HH:MM:SS."""

    total_runs: int
    completed_runs: int
    failed_runs: int
    running_runs: int
    pending_runs: int
    cancelled_runs: int
    average_completion_time: str | None


class DashboardView(msgspec.Struct, frozen=True):
    """A process at a glance."""

    process: DashboardProcess
    runs: list[DashboardRun]
    statistics: DashboardStatistics


class OverviewView(msgspec.Struct, frozen=True, kw_only=True):
    """A process with its steps, how its runs stand, and a page of them, each with its steps."""

    process: ProcessView
    steps: list[StepView]
    runs: list[RunDetailView]
    total_runs: int
    completed_runs: int
    failed_runs: int
    running_runs: int
    pending_runs: int
    cancelled_runs: int


class DashboardController(Controller):
    """Processes at a glance."""

    path = "/dashboard"
    tags = ("Dashboard",)

    @get("/process/{process_id:str}", operation_id="getDashboard", summary="Get a dashboard")
    async def of_process(self, services: Services, process_id: ProcessId) -> DashboardView:
        """Show a process with its newest runs and the statistics of all of them."""
        process = await find_process(services, process_id, *READ_MODELS)
        steps = await services.processes.steps(process_id)
        newest = await services.runs.newest_of(process_id, DEFAULT_SIZE)
        return DashboardView(
            process=DashboardProcess(process.id, process.name, len(steps)),
            runs=[
                DashboardRun(
                    id=run.id,
                    entity_name=run.entity_name,
                    status=RunStatus(run.status),
                    success_rate=success_rate(run.steps_succeeded, run.steps_total),
                )
                for run in (shown.run for shown in newest)
            ],
            statistics=_statistics_view(await services.runs.statistics(process_id)),
        )

    @get(
        "/overview/{process_id:str}",
        operation_id="getOverview",
        response_headers=PAGE_HEADERS,
        summary="Get an overview",
    )
    async def overview(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        process_id: ProcessId,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[OverviewView]:
        """Show a process with its steps and a page of its runs, newest first, with theirs."""
        process = await find_process(services, process_id, *READ_MODELS)
        found = await services.runs.search(
            RunFilter(process_id=process_id), RunOrder(), page=page, size=size
        )
        step_runs = await services.runs.steps_of([shown.run.id for shown in found.items])
        statistics = await services.runs.statistics(process_id)
        view = OverviewView(
            process=process_view(process),
            steps=[step_view(row) for row in await services.processes.steps(process_id)],
            runs=[
                run_detail_view(RunDetail(shown, step_runs[shown.run.id])) for shown in found.items
            ],
            total_runs=statistics.total_runs,
            completed_runs=statistics.completed_runs,
            failed_runs=statistics.failed_runs,
            running_runs=statistics.running_runs,
            pending_runs=statistics.pending_runs,
            cancelled_runs=statistics.cancelled_runs,
        )
        headers = page_headers(request, total=found.total, page=page, size=size)
        return Response(view, headers=headers)


def _statistics_view(row: StatisticsRow) -> DashboardStatistics:
    return DashboardStatistics(
        total_runs=row.total_runs,
        completed_runs=row.completed_runs,
        failed_runs=row.failed_runs,
        running_runs=row.running_runs,
        pending_runs=row.pending_runs,
        cancelled_runs=row.cancelled_runs,
        average_completion_time=_average(row),
    )


def _average(row: StatisticsRow) -> str | None:
    """Give HH:MM:SS (contract section 7); None before a run has completed."""
    if row.completed_runs == 0:
        return None
    seconds = round(row.completion_time_seconds / row.completed_runs)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

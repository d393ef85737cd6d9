"""The dashboard of a process (seed: Dashboard Integration)."""

import msgspec
from litestar import Controller, get

from domain.runs.status import RunStatus
from interfaces.rest.paging import DEFAULT_SIZE
from interfaces.rest.parameters import ProcessId
from interfaces.rest.processes import find_process
from interfaces.rest.runs.views import success_rate
from interfaces.services import Services
from projections.runs.tables import StatisticsRow

READ_MODELS = ("processes", "runs")


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


class DashboardController(Controller):
    """Processes at a glance."""

    path = "/dashboard"
    tags = ("Dashboard",)

    @get("/process/{process_id:str}", operation_id="getDashboard", summary="Get a dashboard")
    async def of_process(self, services: Services, process_id: ProcessId) -> DashboardView:
        """Show a process with its newest runs and the statistics of all of them."""
        await services.freshness.reach_head(READ_MODELS)
        process = await find_process(services, process_id)
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
                for run in newest
            ],
            statistics=_statistics_view(await services.runs.statistics(process_id)),
        )


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

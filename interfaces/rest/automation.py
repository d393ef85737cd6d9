"""How the automation fares (seed football: System Monitoring Endpoints)."""

import time
from datetime import UTC, datetime, timedelta

import msgspec
from litestar import Controller, get

from application.documents.queueing import READ_MODELS
from application.intake.ports import ComponentState
from application.vitals import MachineMetrics
from domain.identity.roles import Role
from interfaces.rest.about import About
from interfaces.rest.access import requires
from interfaces.services import Services
from projections.documents.tables import TotalsRow

WEBHOOK_READ_MODELS = (*READ_MODELS, "webhooks")


class ComponentStates(msgspec.Struct, frozen=True, kw_only=True):
    """Which parts of the automation run, in whichever process."""

    automation_manager: ComponentState
    file_watcher: ComponentState
    web_downloader: ComponentState
    processing_manager: ComponentState


class SystemHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the machine is, in percent, and how many WebSocket clients are connected."""

    memory_usage: float
    cpu_usage: float
    disk_usage: float
    active_connections: int


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """How the automation fares; ``total_jobs_processed`` counts those that completed or failed."""

    is_running: bool
    start_time: datetime
    uptime_seconds: int
    components_status: ComponentStates
    system_health: SystemHealth
    active_jobs: int
    total_jobs_processed: int
    last_download: datetime | None
    last_processing: datetime | None


class ApplicationMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """What the application does; null is what has not been measured yet.

    ``cache_hit_ratio`` is how often what a command had to know was at hand in memory,
    ``average_processing_time`` is in seconds.
    """

    websocket_connections: int
    webhook_urls: int
    automation_running: bool
    cache_hit_ratio: float | None
    average_processing_time: float | None


class MetricsView(msgspec.Struct, frozen=True, kw_only=True):
    """How the machine and the application fare; sizes are in bytes."""

    timestamp: datetime
    system: MachineMetrics
    application: ApplicationMetrics


class AutomationController(Controller):
    """The automation as a whole."""

    tags = ("System",)

    @get("/status", operation_id="getStatus", summary="Get the status of the automation")
    async def status(self, about: About, services: Services) -> StatusView:
        """Show which parts run, and what they are at."""
        await services.freshness.reach_head(READ_MODELS)
        uptime = int(time.monotonic() - about.began)
        machine = services.vitals.system(uptime)
        counts = await services.documents.job_counts()
        intake = await services.intake.status()
        is_running = await services.jobs.has_workers()
        running = ComponentState.RUNNING if is_running else ComponentState.STOPPED
        return StatusView(
            is_running=is_running,
            start_time=datetime.now(UTC) - timedelta(seconds=uptime),
            uptime_seconds=uptime,
            components_status=ComponentStates(
                automation_manager=running,
                file_watcher=intake.file_watcher,
                web_downloader=intake.web_downloader,
                processing_manager=running,
            ),
            system_health=SystemHealth(
                memory_usage=machine.memory_usage_percent,
                cpu_usage=machine.cpu_usage_percent,
                disk_usage=machine.disk_usage_percent,
                active_connections=services.metrics.websocket_connections(),
            ),
            active_jobs=counts.running,
            total_jobs_processed=counts.completed + counts.failed,
            last_download=intake.last_download,
            last_processing=(await services.documents.totals()).last_ended_at,
        )

    @get(
        "/metrics",
        operation_id="getAutomationMetrics",
        summary="Get metrics of the automation",
        guards=[requires(Role.ADMIN)],
    )
    async def metrics(self, services: Services) -> MetricsView:
        """Show how the machine and the application fare; Prometheus is served at ``/metrics``."""
        await services.freshness.reach_head(WEBHOOK_READ_MODELS)
        return MetricsView(
            timestamp=datetime.now(UTC),
            system=services.vitals.machine(),
            application=ApplicationMetrics(
                websocket_connections=services.metrics.websocket_connections(),
                webhook_urls=len(await services.webhooks.all()),
                automation_running=await services.jobs.has_workers(),
                cache_hit_ratio=services.metrics.cache_hit_ratio(),
                average_processing_time=_average(await services.documents.totals()),
            ),
        )


def _average(totals: TotalsRow) -> float | None:
    if not totals.jobs_completed:
        return None
    return totals.processing_seconds / totals.jobs_completed

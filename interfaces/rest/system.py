"""What Annals is and how it fares, for anyone who asks (contract section 13)."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec
from litestar import Controller, Response, get
from litestar.openapi import ResponseSpec

from application.intake.ports import ComponentState
from application.projections.status import ProjectionState, ProjectionStatus
from application.vitals import SystemMetrics
from interfaces.rest.about import About
from interfaces.rest.access import PUBLIC
from interfaces.rest.errors import UNAVAILABLE
from interfaces.rest.openapi import PublicOperation
from interfaces.services import Services

FEATURES = [
    "api_key_authentication",
    "role_based_access",
    "metadata_filtering",
    "audit_replay",
    "neutralization",
    "tamper_evidence",
]


class SystemInformation(msgspec.Struct, frozen=True):
    """What Annals is."""

    name: str
    version: str
    description: str
    environment: str
    features: list[str]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How Annals fares; ``uptime`` is like ``7d 12h 30m``."""

    status: Literal["healthy", "degraded", "unhealthy"]
    timestamp: datetime
    version: str
    database: Literal["connected", "disconnected"]
    uptime: str
    components: Mapping[str, bool]
    system_metrics: SystemMetrics


UNHEALTHY = ResponseSpec(
    Health, description="The database cannot be reached", generate_examples=False
)


class SystemController(Controller):
    """The system itself."""

    tags = ("System",)
    opt = PUBLIC

    @get(
        "/",
        operation_id="getSystemInformation",
        summary="Get system information",
        operation_class=PublicOperation,
    )
    async def information(self, about: About) -> SystemInformation:
        """Show what is served here."""
        return SystemInformation(
            about.name, about.version, about.description, about.environment, FEATURES
        )

    @get(
        "/health",
        operation_id="getHealth",
        summary="Get health",
        responses={503: UNHEALTHY},
        operation_class=PublicOperation,
    )
    async def health(self, about: About, services: Services) -> Response[Health]:
        """Show whether requests can be served, and whether what they show is current."""
        statuses = await _projections(services)
        connected = statuses is not None
        current = bool(statuses and all(s.state is ProjectionState.LIVE for s in statuses))
        status: Literal["healthy", "degraded", "unhealthy"] = "healthy"
        if not connected:
            status = "unhealthy"
        elif not current:
            status = "degraded"
        health = Health(
            status=status,
            timestamp=datetime.now(UTC),
            version=about.version,
            database="connected" if connected else "disconnected",
            uptime=_uptime(time.monotonic() - about.began),
            components=await _components(services, connected=connected, current=current),
            system_metrics=services.vitals.system(int(time.monotonic() - about.began)),
        )
        return Response(health, status_code=200 if connected else 503)


async def _projections(services: Services) -> Sequence[ProjectionStatus] | None:
    """Show how the read models stand; None without a database, though it goes away just now."""
    if not await services.vitals.database():
        return None
    try:
        return await services.projection_statuses.all()
    except UNAVAILABLE:
        return None


async def _components(services: Services, *, connected: bool, current: bool) -> dict[str, bool]:
    """Tell which parts do what they are there for; those of the automation need the database."""
    automation = {"automation_manager": False, "file_watcher": False, "web_downloader": False}
    if connected:
        with contextlib.suppress(*UNAVAILABLE):
            intake = await services.intake.status()
            automation = {
                "automation_manager": await services.jobs.has_workers(),
                "file_watcher": intake.file_watcher is ComponentState.RUNNING,
                "web_downloader": intake.web_downloader is ComponentState.RUNNING,
            }
    return {
        "database": connected,
        "cache": await services.vitals.cache(),
        "projections": current,
    } | automation


def _uptime(seconds: float) -> str:
    minutes = int(seconds) // 60
    return f"{minutes // 1440}d {minutes // 60 % 24}h {minutes % 60}m"

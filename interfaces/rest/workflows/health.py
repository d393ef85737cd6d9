"""How workflows fare (seed: GET /workflows/health)."""

import asyncio
from datetime import UTC, datetime
from typing import Literal

import msgspec
from litestar import Controller, Response, get
from litestar.openapi import ResponseSpec

from application.workflows.ports import ConnectionStatus
from domain.workflows.builtin import load_built_in
from domain.workflows.errors import InvalidTemplateError
from interfaces.rest.about import About
from interfaces.rest.errors import UNAVAILABLE
from interfaces.services import Services
from projections.workflows.templates import TemplateFilter


class ChecksView(msgspec.Struct, frozen=True, kw_only=True):
    """What workflows stand on."""

    templates_loadable: ConnectionStatus
    plone_connection: ConnectionStatus
    audit_logging: ConnectionStatus


class WorkflowHealthView(msgspec.Struct, frozen=True, kw_only=True):
    """How workflows fare: ``degraded`` where only Plone is out of reach."""

    status: Literal["healthy", "degraded", "unhealthy"]
    timestamp: datetime
    checks: ChecksView
    version: str


UNHEALTHY = ResponseSpec(
    WorkflowHealthView, description="Nothing can be recorded", generate_examples=False
)


class WorkflowHealthController(Controller):
    """The health of workflows."""

    path = "/workflows/health"
    tags = ("Workflows",)

    @get(
        "/",
        operation_id="getWorkflowHealth",
        summary="Check the health of workflows",
        responses={503: UNHEALTHY},
    )
    async def health(self, services: Services, about: About) -> Response[WorkflowHealthView]:
        """Check that templates can be loaded, Plone answers, and the audit log can be written."""
        checks = ChecksView(
            templates_loadable=await _templates(services),
            plone_connection=await services.workflows.contents.check(),
            audit_logging=await _audit_log(services),
        )
        needed = (checks.templates_loadable, checks.audit_logging)
        status: Literal["healthy", "degraded", "unhealthy"] = "healthy"
        if checks.plone_connection.status == "error":
            status = "degraded"
        if any(check.status == "error" for check in needed):
            status = "unhealthy"
        view = WorkflowHealthView(
            status=status, timestamp=datetime.now(UTC), checks=checks, version=about.version
        )
        return Response(view, status_code=503 if status == "unhealthy" else 200)


async def _templates(services: Services) -> ConnectionStatus:
    try:
        built_in = await asyncio.to_thread(load_built_in)
        custom = await services.workflows.template_queries.find(TemplateFilter(), limit=0, offset=0)
    except (InvalidTemplateError, msgspec.MsgspecError, OSError):
        return ConnectionStatus(status="error", details="A built-in template is damaged")
    except UNAVAILABLE:
        return ConnectionStatus(status="error", details="Custom templates cannot be read")
    total = len(built_in) + custom.total
    return ConnectionStatus(status="ok", details=f"All {total} templates loaded successfully")


async def _audit_log(services: Services) -> ConnectionStatus:
    if await services.vitals.log_is_writable():
        return ConnectionStatus(status="ok", details="Audit log writable")
    return ConnectionStatus(status="error", details="Audit log cannot be written")

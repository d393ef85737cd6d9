"""The audit trail of workflows, refused attempts included (issue: compliance export)."""

import re
from enum import StrEnum
from typing import Annotated

from litestar import Controller, Response, get
from litestar.di import Provide
from litestar.params import Parameter, QueryParameter

from application.workflows.templates import check_may_manage
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.moments import read_moment
from interfaces.rest.paced import PacedResponse
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.workflows.access import actor_of
from interfaces.rest.workflows.audit_file import FileFormat, audit_file
from interfaces.rest.workflows.audit_views import AuditEntryView, entry_view
from interfaces.rest.workflows.parameters import READ_MODELS
from interfaces.services import Services
from projections.workflows.audit import EntryFilter


class Operation(StrEnum):
    """What entries are about."""

    APPLY_TEMPLATE = "apply_template"
    BULK_APPLY = "bulk_apply"
    EXECUTE_TRANSITION = "execute_transition"
    APPROVE_TRANSITION = "approve_transition"
    MODIFY_ROLES = "modify_roles"
    REMOVE_TEMPLATE = "remove_template"
    DEFINE_TEMPLATE = "define_template"
    REVISE_TEMPLATE = "revise_template"
    RETIRE_TEMPLATE = "retire_template"


From = Annotated[
    str | None,
    QueryParameter(name="from", description="Entries of this moment or day, and after it"),
]
To = Annotated[
    str | None,
    QueryParameter(name="to", description="Entries of this moment or day, and before it"),
]
UserFilter = Annotated[
    str | None, Parameter(max_length=255, description="Entries of what this user did or wanted")
]
ContentFilter = Annotated[
    str | None, Parameter(max_length=100, description="Entries about this content")
]
TemplateFilter = Annotated[
    str | None, Parameter(max_length=100, description="Entries about this template")
]
OperationFilter = Annotated[Operation | None, Parameter(description="Entries of this operation")]
SuccessFilter = Annotated[
    bool | None, Parameter(description="What was done, or with false what was refused")
]
Format = Annotated[FileFormat, Parameter(description="JSON lines, or a table for spreadsheets")]

EntryPage = Annotated[Page[AuditEntryView], Parameter(schema_component_key="WorkflowAuditPage")]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


async def provide_filter(
    *,
    since: From = None,
    until: To = None,
    user_id: UserFilter = None,
    content_uid: ContentFilter = None,
    template_id: TemplateFilter = None,
    operation: OperationFilter = None,
    success: SuccessFilter = None,
) -> EntryFilter:
    """Read which entries are wanted. Raises InvalidFieldError."""
    before = read_moment("to", until)
    if before is not None and until is not None and _DAY.fullmatch(until):
        before = before.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return EntryFilter(
        content_uid=content_uid,
        user_id=user_id,
        template_id=template_id,
        operation=operation,
        success=success,
        after=read_moment("from", since),
        before=before,
    )


class WorkflowAuditController(Controller):
    """Who did what with workflows, and who wanted to."""

    path = "/workflows/audit"
    tags = ("Workflows",)

    @get(
        "/",
        operation_id="listWorkflowAudit",
        response_headers=PAGE_HEADERS,
        summary="Search the audit trail of workflows",
        dependencies={"wanted": Provide(provide_filter)},
    )
    async def search(
        self,
        request: AuthenticatedRequest,
        services: Services,
        wanted: EntryFilter,
        *,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[EntryPage]:
        """List what was done and what was refused, newest first; for who manages workflows."""
        check_may_manage(actor_of(request.user))
        await services.freshness.reach_head(READ_MODELS)
        found = await services.workflows.audit_queries.newest(wanted, page=page, size=size)
        items = [entry_view(entry) for entry in found.items]
        return paged(request, items, total=found.total, page=page, size=size)

    @get(
        "/export",
        operation_id="exportWorkflowAudit",
        summary="Export the audit trail of workflows",
        media_type=FileFormat.JSON_LINES.media_type,
        dependencies={"wanted": Provide(provide_filter)},
    )
    async def export(
        self,
        request: AuthenticatedRequest,
        services: Services,
        wanted: EntryFilter,
        *,
        format: Format = FileFormat.JSON_LINES,  # noqa: A002 - errors name it as it was sent
    ) -> Response[str]:
        """Give every entry that fits as a file, newest first; for who manages workflows."""
        check_may_manage(actor_of(request.user))
        await services.freshness.reach_head(READ_MODELS)
        return PacedResponse(
            audit_file(services.workflows.audit_queries, wanted, format),
            media_type=format.media_type,
            headers={"Content-Disposition": f'attachment; filename="workflow-audit.{format}"'},
        )

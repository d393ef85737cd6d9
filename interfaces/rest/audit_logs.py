"""Who called what (contract section 7)."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.params import Parameter

from application.audit_log import CallFilter, LoggedCall
from domain.identity.roles import Role
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.moments import Moment, read_moment
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.services import Services

LONGEST_MS = 1e12

ActorFilter = Annotated[
    str | None, Parameter(description="Calls by this user:<name> or api_key:<id>")
]
MethodFilter = Annotated[str | None, Parameter(description="Calls with this method, like POST")]
RouteFilter = Annotated[
    str | None, Parameter(description="Calls of this route, like /api/v1/runs/{run_id}")
]
PathFilter = Annotated[
    str | None,
    Parameter(
        description="Calls of this path, like /api/v1/runs/42; kept where all ids are integers"
    ),
]
StatusFilter = Annotated[
    int | None, Parameter(ge=100, le=599, description="Calls with this outcome, like 404")
]
DurationFilter = Annotated[
    float | None,
    Parameter(ge=0, le=LONGEST_MS, description="Calls that took so many milliseconds or more"),
]
RequestFilter = Annotated[
    str | None, Parameter(description="Calls with this id, which is X-Request-ID of the response")
]

CallPage = Annotated[Page[LoggedCall], Parameter(schema_component_key="CallPage")]


class AuditLogController(Controller):
    """The audit log of calls."""

    path = "/audit-logs"
    tags = ("Audit",)
    guards = (requires(Role.ADMIN),)

    @get(
        "/",
        operation_id="listCalls",
        response_headers=PAGE_HEADERS,
        summary="Search the audit log of calls",
    )
    async def search(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        actor: ActorFilter = None,
        method: MethodFilter = None,
        route: RouteFilter = None,
        path: PathFilter = None,
        status_code: StatusFilter = None,
        created_after: Moment = None,
        created_before: Moment = None,
        min_duration: DurationFilter = None,
        request_id: RequestFilter = None,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[CallPage]:
        """List who called what, when and with which outcome, newest first."""
        wanted = CallFilter(
            actor=actor,
            method=method,
            route=route,
            path=path,
            status_code=status_code,
            created_after=read_moment("created_after", created_after),
            created_before=read_moment("created_before", created_before),
            min_duration=min_duration,
            request_id=request_id,
        )
        found = await services.audit_log.find(wanted, page=page, size=size)
        return paged(request, found.items, total=found.total, page=page, size=size)

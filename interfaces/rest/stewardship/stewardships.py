"""The calls of the seed: set a stewardship up, get one, list them (contract sections 5 and 8)."""

from collections.abc import Sequence

import msgspec
from litestar import Controller, Response, get, post
from litestar.middleware import DefineMiddleware

from application.stewardship.handlers import create_stewardship
from domain.stewardship.kinds import (
    AuditOperation,
    BackoffStrategy,
    Channel,
    Decision,
    DomainType,
    JobStatus,
    MetricStatus,
    ResponsibilityStatus,
    ScheduleType,
    StepOutcome,
    StewardRole,
    StewardshipStatus,
    StewardshipType,
    StewardStatus,
    Trend,
    WorkflowStatus,
)
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.commands import SentCommand
from interfaces.rest.paging import PAGE_HEADERS, page_headers
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, versioned
from interfaces.rest.stewardship.answers import answer, find_stewardship
from interfaces.rest.stewardship.bodies import StewardshipBody
from interfaces.rest.stewardship.debugging import DEBUG_HEADER, Debugging
from interfaces.rest.stewardship.parameters import (
    DomainFilter,
    Include,
    ListPage,
    ListSize,
    OneStewardship,
    StatusFilter,
    StewardFilter,
    TypeFilter,
    extent,
    stewardship_key,
)
from interfaces.rest.stewardship.reading import read_stewardship
from interfaces.rest.stewardship.views import StewardshipView, stewardship_view
from interfaces.services import Services
from projections.stewardship.queries import StewardshipFilter

READ_MODELS = ("stewardships",)


class StewardshipsView(msgspec.Struct, frozen=True, kw_only=True):
    """Stewardships, newest first; ``total`` counts those on all pages."""

    stewardships: Sequence[StewardshipView]
    total: int


class EnumerationsView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that forms let choose from, and what is kept and shown without being acted on."""

    stewardship_types: Sequence[StewardshipType]
    stewardship_statuses: Sequence[StewardshipStatus]
    steward_roles: Sequence[StewardRole]
    steward_statuses: Sequence[StewardStatus]
    domain_types: Sequence[DomainType]
    responsibility_statuses: Sequence[ResponsibilityStatus]
    workflow_statuses: Sequence[WorkflowStatus]
    metric_statuses: Sequence[MetricStatus]
    metric_trends: Sequence[Trend]
    backoff_strategies: Sequence[BackoffStrategy]
    schedule_types: Sequence[ScheduleType]
    step_outcomes: Sequence[StepOutcome]
    decisions: Sequence[Decision]
    notification_channels: Sequence[Channel]
    audit_events: Sequence[AuditOperation]
    job_statuses: Sequence[JobStatus]
    not_acted_on: Sequence[str]


ENUMERATIONS = EnumerationsView(
    stewardship_types=list(StewardshipType),
    stewardship_statuses=list(StewardshipStatus),
    steward_roles=list(StewardRole),
    steward_statuses=list(StewardStatus),
    domain_types=list(DomainType),
    responsibility_statuses=list(ResponsibilityStatus),
    workflow_statuses=list(WorkflowStatus),
    metric_statuses=list(MetricStatus),
    metric_trends=list(Trend),
    backoff_strategies=list(BackoffStrategy),
    schedule_types=list(ScheduleType),
    step_outcomes=list(StepOutcome),
    decisions=list(Decision),
    notification_channels=list(Channel),
    audit_events=list(AuditOperation),
    job_statuses=list(JobStatus),
    not_acted_on=[
        "workflows[].steps[].conditions",
        "workflows[].steps[].actions",
        "workflows[].triggers[].condition",
        "metrics[].formula",
        "metadata",
    ],
)


class StewardshipController(Controller):
    """Stewardships."""

    path = "/stewardship"
    tags = ("Stewardship",)
    middleware = (DefineMiddleware(Debugging),)
    parameters = DEBUG_HEADER

    @post(
        "/",
        operation_id="createStewardship",
        response_headers=COMMAND_HEADERS,
        summary="Create a stewardship",
    )
    async def create(
        self, sent: SentCommand, services: Services, data: StewardshipBody
    ) -> Response[StewardshipView]:
        """Set up a stewardship, which is active at once."""
        definition = read_stewardship(data)
        created = await sent.carry_out(
            lambda metadata: create_stewardship(
                services.store, services.identifiers, services.clock, definition, metadata
            )
        )
        return answer(services, created, status=201)

    @get(
        "/",
        operation_id="listStewardships",
        response_headers=(*PAGE_HEADERS, *VERSION_HEADERS),
        summary="List stewardships, or get one",
    )
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        id: OneStewardship = None,  # noqa: A002 - the parameter's name on the wire
        include: Include = None,
        type: TypeFilter = None,  # noqa: A002
        domain: DomainFilter = None,
        status: StatusFilter = None,
        steward: StewardFilter = None,
        page: ListPage = None,
        size: ListSize = None,
    ) -> Response[StewardshipsView | StewardshipView]:
        """List stewardships, newest first; with an id, show that one.

        Without any parameter these are the newest 1,000.
        """
        now = services.clock()
        if id is not None:
            row = await find_stewardship(services, stewardship_key(id))
            with_definition = include is not None
            view = stewardship_view(row.id, row.read_state(), now, with_definition=with_definition)
            return versioned(view, row.version)
        wanted = StewardshipFilter(type=type, domain=domain, status=status, steward=steward)
        page, size = extent(request, page, size)
        await services.freshness.reach_head(READ_MODELS)
        found = await services.stewardships.newest(wanted, page=page, size=size)
        views = [stewardship_view(row.id, row.read_state(), now) for row in found.items]
        return Response(
            StewardshipsView(stewardships=views, total=found.total),
            headers=page_headers(request, total=found.total, page=page, size=size),
        )

    @get(
        "/metadata",
        operation_id="getStewardshipMetadata",
        summary="Get what forms let choose from",
        sync_to_thread=False,
    )
    def metadata(self) -> EnumerationsView:
        """List the values of every enumeration, and the fields that nothing is done by."""
        return ENUMERATIONS

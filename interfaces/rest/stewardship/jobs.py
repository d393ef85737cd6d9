"""Stewardships that are set up in the background (contract section 8)."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from litestar import Controller, Response, get, post
from litestar.middleware import DefineMiddleware
from msgspec import UNSET, UnsetType

from application.errors import NotFoundError
from application.stewardship.jobs import UNKNOWN_JOB, cancel_job, request_job
from domain.stewardship.job import StewardshipJob
from domain.stewardship.kinds import JobStatus, StewardshipType
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.commands import CarriedOut, SentCommand
from interfaces.rest.paging import PAGE_HEADERS, page_headers
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, versioned
from interfaces.rest.stewardship.bodies import StewardshipBody
from interfaces.rest.stewardship.debugging import DEBUG_HEADER, Debugging
from interfaces.rest.stewardship.parameters import (
    DomainFilter,
    JobId,
    JobStatusFilter,
    ListPage,
    ListSize,
    OneJob,
    StewardFilter,
    TypeFilter,
    extent,
    job_key,
)
from interfaces.rest.stewardship.reading import read_stewardship
from interfaces.rest.stewardship.views import ResultView, result_view
from interfaces.services import Services
from projections.stewardship.queries import StewardshipFilter
from projections.stewardship.tables import StewardshipJobRow, StewardshipRow

READ_MODELS = ("stewardships",)


class StewardshipJobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job; what is not there yet is left out. ``result`` is the stewardship as it is now."""

    id: str
    type: StewardshipType
    status: JobStatus
    progress: float
    created_at: datetime
    started_at: datetime | UnsetType = UNSET
    completed_at: datetime | UnsetType = UNSET
    error: str | UnsetType = UNSET
    result: ResultView | UnsetType = UNSET


class StewardshipJobsView(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs, newest first; ``total`` counts those on all pages."""

    jobs: Sequence[StewardshipJobView]
    total: int


class StewardshipJobController(Controller):
    """Jobs that set stewardships up."""

    path = "/stewardship/jobs"
    tags = ("Stewardship",)
    middleware = (DefineMiddleware(Debugging),)
    parameters = DEBUG_HEADER

    @post(
        "/",
        operation_id="createStewardshipJob",
        response_headers=COMMAND_HEADERS,
        summary="Create a stewardship in the background",
        status_code=202,
    )
    async def create(
        self, sent: SentCommand, services: Services, data: StewardshipBody
    ) -> Response[StewardshipJobView]:
        """Have a stewardship set up by a worker; what cannot be is refused at once."""
        definition = read_stewardship(data)
        requested = await sent.carry_out(
            lambda metadata: request_job(
                services.store,
                services.identifiers,
                definition,
                metadata,
                now=services.clock(),
            )
        )
        return _answer(requested, status=202)

    @get(
        "/",
        operation_id="listStewardshipJobs",
        response_headers=(*PAGE_HEADERS, *VERSION_HEADERS),
        summary="List stewardship jobs, or get one",
    )
    async def list(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        id: OneJob = None,  # noqa: A002 - the parameter's name on the wire
        type: TypeFilter = None,  # noqa: A002
        domain: DomainFilter = None,
        status: JobStatusFilter = None,
        steward: StewardFilter = None,
        page: ListPage = None,
        size: ListSize = None,
    ) -> Response[StewardshipJobsView | StewardshipJobView]:
        """List jobs, newest first; with an id, show that one.

        Without any parameter these are the newest 1,000.
        """
        if id is not None:
            key = job_key(id)
            await services.freshness.reach_head(READ_MODELS)
            row = await services.stewardships.get_job(key)
            if row is None:
                raise NotFoundError(UNKNOWN_JOB)
            [view] = await _views(services, [row])
            return versioned(view, row.version)
        wanted = StewardshipFilter(type=type, domain=domain, status=status, steward=steward)
        page, size = extent(request, page, size)
        await services.freshness.reach_head(READ_MODELS)
        found = await services.stewardships.newest_jobs(wanted, page=page, size=size)
        return Response(
            StewardshipJobsView(jobs=await _views(services, found.items), total=found.total),
            headers=page_headers(request, total=found.total, page=page, size=size),
        )

    @post(
        "/{job_id:str}/cancel",
        operation_id="cancelStewardshipJob",
        response_headers=COMMAND_HEADERS,
        summary="Cancel a stewardship job",
        status_code=200,
    )
    async def cancel(
        self, sent: SentCommand, services: Services, job_id: JobId
    ) -> Response[StewardshipJobView]:
        """Call a job off before there is a stewardship."""
        key = job_key(job_id)
        cancelled = await sent.carry_out(
            lambda metadata: cancel_job(services.store, key, metadata, now=services.clock())
        )
        return _answer(cancelled)


def _answer(
    carried: CarriedOut[StewardshipJob], *, status: int = 200
) -> Response[StewardshipJobView]:
    state = carried.aggregate.state
    view = StewardshipJobView(
        id=_job_id(carried.aggregate.key),
        type=state.definition.type,
        status=state.status,
        progress=state.progress,
        created_at=state.created_at,
        started_at=state.started_at or UNSET,
        completed_at=state.completed_at or UNSET,
        error=state.error or UNSET,
    )
    return carried.answer(view, status=status)


async def _views(services: Services, rows: Sequence[StewardshipJobRow]) -> list[StewardshipJobView]:
    """Show jobs, those that are completed with their stewardships."""
    completed = [row.stewardship_id for row in rows if row.status == JobStatus.COMPLETED]
    results = await services.stewardships.some(completed) if completed else {}
    now = services.clock()
    return [_view(row, results.get(row.stewardship_id), now) for row in rows]


def _view(
    row: StewardshipJobRow, result: StewardshipRow | None, now: datetime
) -> StewardshipJobView:
    return StewardshipJobView(
        id=_job_id(row.id),
        type=StewardshipType(row.type),
        status=JobStatus(row.status),
        progress=row.progress,
        created_at=row.created_at,
        started_at=row.started_at or UNSET,
        completed_at=row.completed_at or UNSET,
        error=row.error or UNSET,
        result=result_view(result.id, result.read_state(), now) if result is not None else UNSET,
    )


def _job_id(key: int | str) -> str:
    return f"stewardship_job_{key}"

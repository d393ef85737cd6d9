"""Jobs, which set stewardships up in the background (seed: Create Stewardship Job)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from litestar import Controller, Response, get, post
from litestar.middleware import DefineMiddleware
from msgspec import UNSET, UnsetType

from application.errors import NotFoundError
from application.stewardship.jobs import cancel_job, request_job
from domain.stewardship.job import StewardshipJob
from domain.stewardship.kinds import JobStatus, StewardshipType
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.commands import CarriedOut, SentCommand
from interfaces.rest.paging import PAGE_HEADERS, page_headers
from interfaces.rest.recorded import COMMAND_HEADERS, VERSION_HEADERS, versioned
from interfaces.rest.stewardship.bodies import StewardshipBody
from interfaces.rest.stewardship.debugging import Debugging
from interfaces.rest.stewardship.parameters import (
    UNKNOWN_JOB,
    DomainFilter,
    JobId,
    JobStatusFilter,
    ListPage,
    ListSize,
    OneJob,
    StewardFilter,
    TypeFilter,
    job_key,
)
from interfaces.rest.stewardship.reading import read_stewardship
from interfaces.rest.stewardship.stewardships import READ_MODELS, extent
from interfaces.rest.stewardship.views import ResultView, result_view
from interfaces.services import Services
from projections.stewardship.queries import StewardshipFilter
from projections.stewardship.tables import StewardshipJobRow, StewardshipRow


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job; what is not known yet is left out. The result is the stewardship as it is now."""

    id: str
    type: StewardshipType
    status: JobStatus
    progress: float
    created_at: datetime
    started_at: datetime | UnsetType = UNSET
    completed_at: datetime | UnsetType = UNSET
    error: str | UnsetType = UNSET
    result: ResultView | UnsetType = UNSET


class JobsView(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs, newest first; ``total`` counts those on all pages."""

    jobs: Sequence[JobView]
    total: int


class StewardshipJobController(Controller):
    """Jobs that set stewardships up."""

    path = "/stewardship/jobs"
    tags = ("Stewardship",)
    middleware = (DefineMiddleware(Debugging),)

    @post(
        "/",
        operation_id="createStewardshipJob",
        response_headers=COMMAND_HEADERS,
        summary="Create a stewardship in the background",
        status_code=202,
    )
    async def create(
        self, sent: SentCommand, services: Services, data: StewardshipBody
    ) -> Response[JobView]:
        """Have a stewardship set up by a worker; the body is that of a stewardship."""
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
    ) -> Response[JobsView | JobView]:
        """List jobs, newest first; with an id, show that one.

        Without any parameter these are the newest 1,000.
        """
        now = services.clock()
        if id is not None:
            row = await _find_job(services, job_key(id))
            results = await _results(services, [row])
            return versioned(_view(row, results, now), row.version)
        wanted = StewardshipFilter(type=type, domain=domain, status=status, steward=steward)
        page, size = extent(request, page, size)
        await services.freshness.reach_head(READ_MODELS)
        found = await services.stewardships.newest_jobs(wanted, page=page, size=size)
        results = await _results(services, found.items)
        return Response(
            JobsView(jobs=[_view(row, results, now) for row in found.items], total=found.total),
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
    ) -> Response[JobView]:
        """Call a job off that has not ended; there will be no stewardship."""
        key = job_key(job_id)
        cancelled = await sent.carry_out(
            lambda metadata: cancel_job(services.store, key, metadata, now=services.clock())
        )
        return _answer(cancelled)


async def _find_job(services: Services, key: int) -> StewardshipJobRow:
    await services.freshness.reach_head(READ_MODELS)
    row = await services.stewardships.get_job(key)
    if row is None:
        raise NotFoundError(UNKNOWN_JOB)
    return row


async def _results(
    services: Services, jobs: Sequence[StewardshipJobRow]
) -> Mapping[int, StewardshipRow]:
    """Give the stewardships that have come of jobs, by their ids."""
    made = [job.stewardship_id for job in jobs if job.status == JobStatus.COMPLETED]
    return await services.stewardships.some(made) if made else {}


def _view(row: StewardshipJobRow, results: Mapping[int, StewardshipRow], now: datetime) -> JobView:
    made = results.get(row.stewardship_id)
    return JobView(
        id=_job_id(row.id),
        type=StewardshipType(row.type),
        status=JobStatus(row.status),
        progress=row.progress,
        created_at=row.created_at,
        started_at=UNSET if row.started_at is None else row.started_at,
        completed_at=UNSET if row.completed_at is None else row.completed_at,
        error=UNSET if row.error is None else row.error,
        result=UNSET if made is None else result_view(made.id, made.read_state(), now),
    )


def _answer(carried: CarriedOut[StewardshipJob], *, status: int = 200) -> Response[JobView]:
    """Answer a command with the job as it has left it; it has no result then."""
    job = carried.aggregate
    state = job.state
    view = JobView(
        id=_job_id(job.key),
        type=state.definition.type,
        status=state.status,
        progress=state.progress,
        created_at=state.created_at,
        started_at=UNSET if state.started_at is None else state.started_at,
        completed_at=UNSET if state.completed_at is None else state.completed_at,
        error=UNSET if state.error is None else state.error,
    )
    return carried.answer(view, status=status)


def _job_id(key: int | str) -> str:
    return f"stewardship_job_{key}"

"""The projections: how far they are, making them anew, and what is parked (contract section 12)."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import Parameter
from msgspec import Meta

from application.projections.handlers import skip_parked_event
from application.projections.ports import ParkedStream, Retried
from application.projections.rebuilding import ask_for_rebuild
from application.projections.status import ProjectionStatus
from domain.identity.roles import Role
from domain.projections.oversight import MAX_REASON
from interfaces.rest.access import AuthenticatedRequest, metadata_of, requires
from interfaces.rest.bodies import Body
from interfaces.rest.conditions import refuse_idempotency_key
from interfaces.rest.parameters import StreamId
from interfaces.services import Services

ProjectionName = Annotated[str, Parameter(description="A projection or subscription, like runs")]

Limit = Annotated[int, Parameter(ge=1, le=1000, description="How many streams to show")]


class SkipBody(Body, frozen=True, kw_only=True):
    """Why an event may be left out; stays in the audit history."""

    reason: Annotated[str, Meta(min_length=1, max_length=MAX_REASON)]


class RebuildAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A rebuild that was asked for; ``job_id`` is null if one was waiting already."""

    projection: str
    job_id: int | None


class ProjectionController(Controller):
    """The projections."""

    path = "/projections"
    tags = ("Projections",)
    guards = (requires(Role.ADMIN),)

    @get("/", operation_id="listProjections", summary="List projections")
    async def list(self, services: Services) -> Sequence[ProjectionStatus]:
        """Show how far each projection is behind the log, and how far a rebuild of it is."""
        return await services.projection_statuses.all()

    @post(
        "/{name:str}/rebuild",
        operation_id="rebuildProjection",
        summary="Rebuild a projection",
        status_code=202,
    )
    async def rebuild(
        self, request: AuthenticatedRequest, services: Services, name: ProjectionName
    ) -> RebuildAccepted:
        """Have a projection made anew in the background; queries are served throughout."""
        refuse_idempotency_key(request.headers)
        job_id = await ask_for_rebuild(services.jobs, services.projection_statuses, name)
        return RebuildAccepted(projection=name, job_id=job_id)

    @get("/{name:str}/parked", operation_id="listParkedStreams", summary="List parked streams")
    async def parked(
        self, services: Services, name: ProjectionName, limit: Limit = 100
    ) -> Sequence[ParkedStream]:
        """Show the first of the streams that are parked, each at the event not applied.

        The list of projections tells how many there are.
        """
        return await services.parked_streams.of(name, limit)

    @post(
        "/{name:str}/parked/{stream_id:str}/retry",
        operation_id="retryParkedStream",
        summary="Retry a parked stream",
        status_code=200,
    )
    async def retry(
        self,
        request: AuthenticatedRequest,
        services: Services,
        name: ProjectionName,
        stream_id: StreamId,
    ) -> Retried:
        """Try again to apply what waits of a parked stream, in order."""
        refuse_idempotency_key(request.headers)
        return await services.parked_streams.retry(name, stream_id)

    @post(
        "/{name:str}/parked/{stream_id:str}/skip",
        operation_id="skipParkedEvent",
        summary="Skip a parked event",
        status_code=200,
    )
    async def skip(
        self,
        request: AuthenticatedRequest,
        services: Services,
        name: ProjectionName,
        stream_id: StreamId,
        data: SkipBody,
    ) -> Retried:
        """Leave out the event at which a stream is parked, for good, and go on behind it."""
        refuse_idempotency_key(request.headers)
        return await skip_parked_event(
            services.store,
            services.parked_streams,
            projection=name,
            stream_id=stream_id,
            reason=data.reason,
            metadata=metadata_of(request),
        )

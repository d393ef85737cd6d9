"""Audit replay over HTTP (contract section 12)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, get
from litestar.params import Parameter

from application.audit import EventView, StateView, show_event, show_state
from application.ports import ProjectionStatus, Verification
from domain.errors import InvalidFieldError
from domain.identity.roles import Role
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.bodies import MAX_BIGINT
from interfaces.rest.moments import in_utc
from interfaces.rest.paging import DEFAULT_SIZE, FIRST_PAGE, Page, PageNumber, PageSize, paged
from interfaces.services import Services
from projections.history.projection import EntryRow
from projections.history.queries import HistoryFilter

READ_MODELS = ("history",)

Version = Annotated[int | None, Parameter(ge=1, le=MAX_BIGINT, description="The stream's version")]


class StreamHistory(msgspec.Struct, frozen=True):
    """Every event of a stream, oldest first."""

    stream_id: str
    version: int
    events: Sequence[EventView]


class AuditController(Controller):
    """The audit trail."""

    path = "/audit"
    tags = ("Audit",)
    guards = (requires(Role.ADMIN),)

    @get("/history", operation_id="searchHistory", summary="Search the audit history")
    async def search(
        self,
        request: AuthenticatedRequest,
        services: Services,
        stream: str | None = None,
        type: str | None = None,  # noqa: A002 - the parameter's name on the wire
        actor: str | None = None,
        correlation_id: str | None = None,
        recorded_after: datetime | None = None,
        recorded_before: datetime | None = None,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[Page[EntryRow]]:
        """List who did what, newest first; the content of the events is in their streams."""
        wanted = HistoryFilter(
            stream_id=stream,
            type=type,
            actor=actor,
            correlation_id=correlation_id,
            recorded_after=in_utc(recorded_after),
            recorded_before=in_utc(recorded_before),
        )
        await services.freshness.reach_head(READ_MODELS)
        found = await services.history.newest(wanted, page=page, size=size)
        return paged(request, found.items, total=found.total, page=page, size=size)

    @get("/streams/{stream_id:str}", operation_id="getStream", summary="Get a stream's history")
    async def stream(self, services: Services, stream_id: str) -> StreamHistory:
        """Show every event of a stream, redacted where neutralized."""
        events = await services.store.history(stream_id)
        return StreamHistory(stream_id, events[-1].version, [show_event(e) for e in events])

    @get(
        "/streams/{stream_id:str}/state",
        operation_id="getStreamState",
        summary="Get an aggregate's state as it was",
    )
    async def state(
        self,
        services: Services,
        stream_id: str,
        version: Version = None,
        at: datetime | None = None,
    ) -> StateView:
        """Show the state at a version, or at a moment, or now."""
        if version is not None and at is not None:
            raise InvalidFieldError("at", "must not be given together with version")
        aggregate = await services.store.load_as_of(stream_id, version=version, at=in_utc(at))
        return show_state(aggregate)

    @get("/verify", operation_id="verifyChain", summary="Verify the hash chain")
    async def verify(self, services: Services) -> Verification:
        """Recompute the hash chain; name the first position that does not fit."""
        outcome = Verification(valid=True, events_verified=0, head=0)
        async for outcome in services.verifier.progress():
            pass
        return outcome


class ProjectionController(Controller):
    """The projections."""

    path = "/projections"
    tags = ("Projections",)
    guards = (requires(Role.ADMIN),)

    @get("/", operation_id="listProjections", summary="List projections")
    async def list(self, services: Services) -> Sequence[ProjectionStatus]:
        """Show how far each projection is behind the log."""
        return await services.projection_statuses.all()

"""Audit replay over HTTP (contract section 12)."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, Response, get
from litestar.params import Parameter, QueryParameter

from application.audit import EventView, StateView, show_event, state_as_of
from application.differences import StreamDiff, difference
from application.tracing import Trace, trace
from application.verification import Verification
from domain.errors import InvalidFieldError
from domain.identity.roles import Role
from interfaces.rest.access import AuthenticatedRequest, requires
from interfaces.rest.bodies import MAX_BIGINT
from interfaces.rest.moments import Moment, read_moment, read_point
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.parameters import StreamId
from interfaces.services import Services
from projections.history.projection import EntryRow
from projections.history.queries import HistoryFilter

READ_MODELS = ("history",)

Version = Annotated[int | None, Parameter(ge=1, le=MAX_BIGINT, description="The stream's version")]
StreamFilter = Annotated[str | None, Parameter(description="Events of this stream, like run-42")]
TypeFilter = Annotated[str | None, Parameter(description="Events of this type, like RunStarted")]
ActorFilter = Annotated[
    str | None, Parameter(description="Events caused by this user:<name> or api_key:<id>")
]
CorrelationId = Annotated[str, Parameter(description="The correlation id of the chain's events")]
CorrelationFilter = Annotated[str | None, Parameter(description="Events of this chain of requests")]

Since = Annotated[
    str | None,
    QueryParameter(
        name="from",
        description="A version or a moment in ISO 8601; by default the one before `to`",
    ),
]
Until = Annotated[
    str | None,
    QueryParameter(name="to", description="A version or a moment in ISO 8601; by default now"),
]


class StreamHistory(msgspec.Struct, frozen=True):
    """Every event of a stream, oldest first."""

    stream_id: str
    version: int
    events: Sequence[EventView]


EntryPage = Annotated[Page[EntryRow], Parameter(schema_component_key="EntryPage")]


class AuditController(Controller):
    """The audit trail."""

    path = "/audit"
    tags = ("Audit",)
    guards = (requires(Role.ADMIN),)

    @get(
        "/history",
        operation_id="searchHistory",
        response_headers=PAGE_HEADERS,
        summary="Search the audit history",
    )
    async def search(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        stream: StreamFilter = None,
        type: TypeFilter = None,  # noqa: A002 - the parameter's name on the wire
        actor: ActorFilter = None,
        correlation_id: CorrelationFilter = None,
        recorded_after: Moment = None,
        recorded_before: Moment = None,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[EntryPage]:
        """List who did what, newest first; the content of the events is in their streams."""
        wanted = HistoryFilter(
            stream_id=stream,
            type=type,
            actor=actor,
            correlation_id=correlation_id,
            recorded_after=read_moment("recorded_after", recorded_after),
            recorded_before=read_moment("recorded_before", recorded_before),
        )
        await services.freshness.reach_head(READ_MODELS)
        found = await services.history.newest(wanted, page=page, size=size)
        return paged(request, found.items, total=found.total, page=page, size=size)

    @get("/streams/{stream_id:str}", operation_id="getStream", summary="Get a stream's history")
    async def stream(self, services: Services, stream_id: StreamId) -> StreamHistory:
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
        stream_id: StreamId,
        version: Version = None,
        at: Moment = None,
    ) -> StateView:
        """Show the state at a version, or at a moment, or now."""
        if version is not None and at is not None:
            raise InvalidFieldError("at", "must not be given together with version")
        moment = read_moment("at", at)
        return await state_as_of(services.store, stream_id, version=version, at=moment)

    @get(
        "/streams/{stream_id:str}/diff",
        operation_id="getStreamDiff",
        summary="Compare two states of an aggregate",
    )
    async def diff(
        self, services: Services, stream_id: StreamId, since: Since = None, until: Until = None
    ) -> StreamDiff:
        """Show which fields changed between two versions or moments, and by which events."""
        return await difference(
            services.store,
            stream_id,
            since=read_point("from", since),
            until=read_point("to", until),
        )

    @get(
        "/trace/{correlation_id:str}",
        operation_id="traceChain",
        summary="Show a chain of causes",
    )
    async def trace(self, services: Services, correlation_id: CorrelationId) -> Trace:
        """Show what led to what in a chain of requests, across streams, each under its cause."""
        await services.freshness.reach_head(READ_MODELS)
        return await trace(services.store, services.history, correlation_id)

    @get("/verify", operation_id="verifyChain", summary="Verify the hash chain")
    async def verify(self, services: Services) -> Verification:
        """Recompute the hash chain; name the first position that does not fit."""
        outcome = Verification(valid=True, events_verified=0, head=0)
        async for reached in services.verifier.progress():
            outcome = reached
        return outcome

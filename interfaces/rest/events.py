"""The log outward, for admins: by pages, and as server-sent events (contract section 11)."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, Response, get
from litestar.di import Provide
from litestar.params import HeaderParameter, Parameter

from application.audit import EventView
from application.identity.grant import Grant
from application.tailing import EventFilter, Extract, UnreadableEvent, shown
from domain.errors import InvalidFieldError
from domain.identity.roles import Role
from interfaces.rest.access import AuthenticatedRequest, credential_of, requires
from interfaces.rest.addresses import REPEATABLE
from interfaces.rest.bodies import MAX_BIGINT
from interfaces.rest.event_stream import HEADERS, MEDIA_TYPE, frames
from interfaces.rest.paced import PacedResponse
from interfaces.rest.parameters import read_position
from interfaces.services import Services

MOST_EVENTS = 1000
DEFAULT_LIMIT = 100
LONGEST_WAIT_SECONDS = 30

# How long the log is searched for rare events before the page says how far that has come.
SEARCH_SECONDS = 1.0
LOOK_SECONDS = 1.0
# What comes within this time comes together.
GATHER_SECONDS = 0.02

MOST_TYPES = 100
TYPES = "types"
LAST_EVENT_ID = "Last-Event-ID"

After = Annotated[
    int, Parameter(ge=0, le=MAX_BIGINT, description="Events behind this position of the log")
]
Limit = Annotated[int, Parameter(ge=1, le=MOST_EVENTS, description="How many events at most")]
Wait = Annotated[
    float,
    Parameter(
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        description="For how many seconds to wait for an event if there is none",
    ),
]
TypesFilter = Annotated[
    list[str] | None,
    Parameter(description="Events of these types, like RunStarted; repeated, or with commas"),
]
StreamFilter = Annotated[str | None, Parameter(description="Events of this stream, like run-42")]
CategoryFilter = Annotated[
    str | None, Parameter(description="Events of streams of this category, like run")
]
ActorFilter = Annotated[
    str | None, Parameter(description="Events caused by this user:<name> or api_key:<id>")
]
CorrelationFilter = Annotated[str | None, Parameter(description="Events of this chain of requests")]
LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name=LAST_EVENT_ID,
        description="The id of the last event that was taken; it goes before `after`",
    ),
]


class EventFeed(msgspec.Struct, frozen=True, omit_defaults=True):
    """Events in the order of the log; the next ones come after ``next_after``.

    That moves over the events that were not asked for. ``head`` is where the log ends. Events that
    are damaged, if there are any, are in ``unreadable``.
    """

    events: Sequence[EventView]
    next_after: int
    head: int
    unreadable: Sequence[UnreadableEvent] = ()


def event_filter(
    types: TypesFilter = None,
    stream: StreamFilter = None,
    category: CategoryFilter = None,
    actor: ActorFilter = None,
    correlation_id: CorrelationFilter = None,
) -> EventFilter:
    """Read which events are wanted."""
    return EventFilter(
        stream=stream,
        category=category,
        types=_types(types) if types is not None else None,
        actor=actor,
        correlation_id=correlation_id,
    )


def _types(given: Sequence[str]) -> frozenset[str]:
    names = [name.strip() for part in given for name in part.split(",")]
    if not all(names):
        raise InvalidFieldError(TYPES, "must name types of events, like RunStarted,RunCompleted")
    if len(names) > MOST_TYPES:
        raise InvalidFieldError(TYPES, f"must not be more than {MOST_TYPES}")
    return frozenset(names)


class EventController(Controller):
    """The log as it grows."""

    path = "/events"
    tags = ("Events",)
    guards = (requires(Role.ADMIN),)
    opt = {REPEATABLE: (TYPES,)}  # noqa: RUF012 - Litestar copies it
    dependencies = {  # noqa: RUF012 - Litestar copies it
        "wanted": Provide(event_filter, sync_to_thread=False)
    }

    @get("/", operation_id="listEvents", summary="Follow the log")
    async def feed(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        wanted: EventFilter,
        after: After = 0,
        limit: Limit = DEFAULT_LIMIT,
        wait: Wait = 0,
    ) -> EventFeed:
        """Show what comes after a position, oldest first, redacted where neutralized.

        A consumer keeps `next_after` with what it has done of the events, and asks from there on.
        A page may have fewer events than there are: ask on until `next_after` is `head`. With
        `wait` the answer comes as soon as there is an event. Events that cannot be read are named
        in `unreadable`.
        """
        with contextlib.ExitStack() as stack:
            if wait:
                stack.enter_context(services.seats.seat(request.user.actor))
            extract = await _next(services, after, limit, wanted, wait)
        entries = [shown(entry) for entry in extract.entries]
        return EventFeed(
            events=[entry for entry in entries if isinstance(entry, EventView)],
            next_after=extract.position,
            head=extract.head,
            unreadable=tuple(entry for entry in entries if isinstance(entry, UnreadableEvent)),
        )

    @get(
        "/stream",
        operation_id="streamEvents",
        summary="Follow the log by server-sent events",
        media_type=MEDIA_TYPE,
        response_description="Events: `id` is the position, `event` the type, `data` as in a page",
    )
    async def stream(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        wanted: EventFilter,
        after: After = 0,
        last_event_id: LastEventId = None,
    ) -> Response[str]:
        """Send what comes after a position, oldest first, and then what is recorded, at once.

        Comments come in between, to show that the stream lives. A client that does not take what
        it is sent is dropped, and goes on by `Last-Event-ID`. So is one whose credentials do not
        hold any more.
        """
        credential = credential_of(request.headers)
        assert credential is not None
        position = read_position(LAST_EVENT_ID, last_event_id) if last_event_id else after
        seat = services.seats.seat(request.user.actor)
        grant = Grant(services.authenticator, credential, request.user, Role.ADMIN)
        return PacedResponse(
            frames(services.live, wanted, position, grant),
            media_type=MEDIA_TYPE,
            headers=HEADERS,
            seat=seat,
        )


async def _next(
    services: Services, after: int, limit: int, wanted: EventFilter, wait: float
) -> Extract:
    """Give the next events that are wanted; without any, how far that was looked for."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        extract = await services.tail.extract(after, limit, wanted)
        if extract.entries:
            return extract
        after = extract.position
        if after < extract.head:
            if loop.time() - began > SEARCH_SECONDS:
                return extract
            continue
        left = began + wait - loop.time()
        if left <= 0 or services.live.is_stopping:
            return extract
        await services.tail.grown(after, min(left, LOOK_SECONDS))
        await asyncio.sleep(GATHER_SECONDS)

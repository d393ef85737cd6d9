"""Where WebSockets come in: whom a page or a credential brings, and how many of them."""

import time
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec
import structlog
from litestar import Request, Response, WebSocket, websocket
from litestar.datastructures import Headers, State
from litestar.exceptions import HTTPException
from litestar.handlers import WebsocketRouteHandler

from application.audit_log import Call
from application.errors import RateLimitedError
from interfaces.rest.access import PUBLIC, credential_of
from interfaces.rest.errors import UNAVAILABLE, Handler, frames_of
from interfaces.rest.families import ErrorBody
from interfaces.rest.parameters import read_position
from interfaces.rest.rate_limits import RateLimits
from interfaces.rest.requests import request_id_of
from interfaces.services import Services
from interfaces.websocket.connection import (
    INTERNAL,
    TRY_LATER,
    Closing,
    Connection,
    LeftError,
    SlowClientError,
)
from interfaces.websocket.session import Session

log = structlog.get_logger(__name__)

PATH = "/ws"
ADDRESS = "address:"

ClientSocket = WebSocket[object, object, State]


def websocket_route(
    handle: Handler, limits: RateLimits | None, origins: list[str]
) -> WebsocketRouteHandler:
    """Make the route; pages of other origins than the given ones and its own are not let in."""

    @websocket(PATH, opt=PUBLIC)
    async def live_messages(socket: ClientSocket, services: Services) -> None:
        """Tell of what happens as it happens."""
        address = ADDRESS + (socket.client.host if socket.client is not None else "")
        try:
            _check_origin(socket, origins)
            if limits is not None:
                await _count(services, limits, address)
            after = _after(socket)
        except Exception as error:  # noqa: BLE001 - answered like any other request
            await _refuse(socket, handle(Request(socket.scope, socket.receive), error))
        else:
            await _serve(socket, services, address, after)

    return live_messages


async def _serve(socket: ClientSocket, services: Services, address: str, after: int | None) -> None:
    created_at, began = datetime.now(UTC), time.perf_counter()
    connection = Connection(socket.receive, socket.send)
    session = Session(connection, services, address=address, after=after)
    await socket.accept()
    services.meter.connected(1)
    ended = "left"
    try:
        await session.run(credential_of(socket.headers) or socket.query_params.get("token") or None)
    except LeftError:
        pass
    except SlowClientError:
        ended = "slow_client_dropped"
    except Closing as closing:
        ended = str(closing.code)
        await connection.close(closing)
    except UNAVAILABLE:
        ended = "database_unavailable"
        await connection.close(Closing(TRY_LATER, "The database cannot be reached, try again"))
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it is told
        ended = "failed"
        log.error(  # noqa: TRY400 - a trace may hold personal data
            "websocket_failed", error=type(error).__name__, frames=frames_of(error)
        )
        await connection.close(Closing(INTERNAL, "An internal error occurred"))
    finally:
        services.meter.connected(-1)
        seconds = time.perf_counter() - began
        log.info("websocket", ended=ended, duration_ms=round(seconds * 1000, 2))
        services.audit_log.note(
            Call(
                created_at=created_at,
                actor=session.actor,
                method="GET",
                route=PATH,
                path=PATH,
                status_code=HTTPStatus.SWITCHING_PROTOCOLS,
                duration_ms=round(seconds * 1000, 2),
                request_id=request_id_of(socket.scope),
                event_position=None,
            )
        )


def _check_origin(socket: ClientSocket, origins: list[str]) -> None:
    """Let a browser's page in if it is from here, or of an origin that may be. Raises 403."""
    origin = socket.headers.get("origin")
    if origin is None or "*" in origins or origin in origins:
        return
    if _host(origin) != socket.headers.get("host", ""):
        raise HTTPException("The origin is not allowed", status_code=HTTPStatus.FORBIDDEN)


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


async def _count(services: Services, limits: RateLimits, address: str) -> None:
    """Count the request. Raises RateLimitedError if it is one too many."""
    allowance = limits.of("GET", PATH, None, address.removeprefix(ADDRESS))
    standing = await services.rate_limiter.take(allowance.who, allowance.windows)
    if standing.retry_after:
        services.meter.refused(allowance.windows[0].group)
        raise RateLimitedError(standing.retry_after)


def _after(socket: ClientSocket) -> int | None:
    """Read after which position the client wants to go on. Raises InvalidFieldError."""
    text = socket.query_params.get("after")
    return read_position("after", text) if text is not None else None


async def _refuse(socket: ClientSocket, response: Response[ErrorBody]) -> None:
    """Answer the wish to connect as a request that is refused."""
    await socket.receive()
    headers = {"Content-Type": "application/json", "X-Request-ID": request_id_of(socket.scope)}
    await socket.send(
        {
            "type": "websocket.http.response.start",
            "status": response.status_code or HTTPStatus.FORBIDDEN,
            "headers": Headers(headers | response.headers).to_header_list(),
        }
    )
    body = msgspec.json.encode(response.content)
    await socket.send({"type": "websocket.http.response.body", "body": body, "more_body": False})

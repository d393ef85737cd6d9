"""Serving: granian's processes, each with the application composed in it."""

import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator
from importlib.metadata import metadata

from granian import Granian
from granian.constants import Interfaces, Loops
from litestar import Litestar
from litestar.types import ASGIApp

from infra.logs import configure_logs
from infra.metrics.sharing import shared_values
from infra.settings import SettingError, Settings, load_settings
from interfaces.composition import OUTWARD, PARTS, Part, compose, join_database
from interfaces.rest.about import About
from interfaces.rest.app import create_app
from interfaces.rest.families import Families
from interfaces.rest.rate_limits import RateLimits
from interfaces.server_logs import granian_logs
from interfaces.worker_processes import (
    end_when_told,
    end_with_supervisor,
    let_workers_hear,
    when_told_to_end,
)

BACKLOG = 1024
PARTS_VARIABLE = "ANNALS_PARTS"

# How long requests that are under way may take to finish; docker stop is patient for 10 seconds.
STOP_SECONDS = 8


def serve_http(settings: Settings, parts: frozenset[Part]) -> None:
    """Serve until a signal ends it; requests that are under way are finished.

    Raises SettingError if the address cannot be listened on.
    """
    _check_address(settings.api_host, settings.api_port)
    let_workers_hear()
    os.environ[PARTS_VARIABLE] = ",".join(sorted(parts))
    with shared_values(settings.annals_home):
        Granian(
            f"{__name__}:application",
            address=settings.api_host,
            port=settings.api_port,
            interface=Interfaces.ASGI,
            factory=True,
            loop=Loops.auto,
            workers=settings.api_workers,
            backlog=BACKLOG,
            log_enabled=True,
            log_dictconfig=granian_logs(),
            log_access=False,
            websockets=True,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_SECONDS,
        ).serve()


def application() -> ASGIApp:
    """Make the application of one server process; its settings come from the environment."""
    end_with_supervisor()
    settings = load_settings()
    configure_logs(settings.log_level)
    wanted = os.environ[PARTS_VARIABLE].split(",")
    parts: frozenset[Part] = frozenset(part for part in PARTS if part in wanted)

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        end_when_told(STOP_SECONDS)
        async with (
            join_database(settings) as conninfo,
            compose(settings, conninfo, parts) as services,
        ):
            app.state.services = services
            when_told_to_end(services.live.stop)
            yield

    families = Families(settings.api_v1_prefix)
    return create_app(
        lifespan,
        about(settings),
        families,
        rate_limits(settings, families),
        OUTWARD,
        prefix=settings.api_v1_prefix,
        cors_origins=settings.cors_origins,
        max_body_bytes=settings.max_body_kb * 1024,
        metrics_token=settings.metrics_token,
    )


def rate_limits(settings: Settings, families: Families) -> RateLimits | None:
    """Give the limits of all requests; None where they are turned off."""
    if not settings.rate_limit_enabled:
        return None
    return RateLimits(
        families, per_minute=settings.rate_limit_per_minute, burst=settings.rate_limit_burst
    )


def about(settings: Settings) -> About:
    """Say what is served; name and version stand in pyproject.toml alone."""
    package = metadata("annals")
    return About(
        name="Annals",
        version=package["Version"],
        description=package["Summary"],
        environment=settings.environment,
        began=time.monotonic(),
        debug=settings.debug,
    )


def _check_address(host: str, port: int) -> None:
    """Refuse an address that is taken; granian would share it with another server of ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise SettingError(f"API_HOST, API_PORT: cannot listen there: {error.strerror}") from None

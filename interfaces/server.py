"""Serving: granian's processes, each with the application composed in it."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from importlib.metadata import metadata

from granian import Granian
from granian.constants import Interfaces, Loops
from litestar import Litestar
from litestar.types import ASGIApp

from infra.logs import configure_logs
from infra.postgres.embedded import EmbeddedPostgres
from infra.settings import Settings, load_settings
from interfaces.composition import Part, compose
from interfaces.rest.about import About
from interfaces.rest.app import create_app

BACKLOG = 1024
PARTS_VARIABLE = "ANNALS_PARTS"
PR_SET_PDEATHSIG = 1


def serve_http(settings: Settings, parts: frozenset[Part]) -> None:
    """Serve until a signal ends it; requests that are under way are finished."""
    os.environ[PARTS_VARIABLE] = ",".join(sorted(parts))
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
        log_access=False,
        websockets=True,
        respawn_failed_workers=True,
    ).serve()


def application() -> ASGIApp:
    """Make the application of one server process; its settings come from the environment."""
    _end_with_parent()
    settings = load_settings()
    configure_logs(settings.log_level)
    parts: frozenset[Part] = frozenset(
        part for part in ("api", "projections") if part in os.environ[PARTS_VARIABLE].split(",")
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        with contextlib.ExitStack() as stack:
            conninfo = settings.database_url
            if conninfo is None:
                conninfo = stack.enter_context(EmbeddedPostgres(settings.annals_home)).url
            async with compose(settings, conninfo, parts) as services:
                app.state.services = services
                yield

    return create_app(
        lifespan,
        about(settings),
        prefix=settings.api_v1_prefix,
        cors_origins=settings.cors_origins,
        max_body_bytes=settings.max_body_kb * 1024,
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
    )


def _end_with_parent() -> None:
    """Have the kernel end this process with its supervisor, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

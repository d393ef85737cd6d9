"""Running a command's coroutine on the composed services."""

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from uuid import uuid4

from application.intake.ingesting import Ingesting
from application.metadata import by_operator
from domain.events import Metadata
from infra.logs import configure_logs
from infra.settings import Settings, load_settings
from interfaces.composition import (
    Part,
    compose,
    compose_ingesting,
    join_database,
    open_database,
)
from interfaces.services import Services

R = TypeVar("R")

NOTHING: frozenset[Part] = frozenset()

# A command that reads a read model keeps it up to date itself, unless a server does.
PROJECTIONS: frozenset[Part] = frozenset({"projections"})


def with_services(work: Callable[[Services], Awaitable[R]], parts: frozenset[Part] = NOTHING) -> R:
    """Open the database, put the services together without serving, and do the work.

    An embedded database that dies meanwhile is brought back.
    """
    settings = load_settings()
    configure_logs("WARNING")

    async def run() -> R:
        async with (
            join_database(settings) as conninfo,
            compose(settings, conninfo, parts) as services,
        ):
            return await work(services)

    with open_database(settings):
        return asyncio.run(run())


def with_ingesting(work: Callable[[Ingesting], Awaitable[R]]) -> R:
    """Open the database, work on documents unless a server is faster, and do the work."""
    settings = load_settings()
    configure_logs("WARNING")

    async def run() -> R:
        async with (
            join_database(settings) as conninfo,
            compose_ingesting(settings, conninfo) as ingesting,
        ):
            return await work(ingesting)

    with open_database(settings):
        return asyncio.run(run())


def with_database(work: Callable[[Settings, str], Coroutine[Any, Any, R]]) -> R:
    """Open the database and do the work on it, without any service."""
    settings = load_settings()
    configure_logs("WARNING")
    with open_database(settings) as conninfo:
        return asyncio.run(work(settings, conninfo))


def by_terminal() -> Metadata:
    """Give the metadata of a command that is given here: on the word of the account it runs as."""
    return by_operator(_account(), f"terminal-{uuid4()}")


def _account() -> str:
    user_id = os.getuid()
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:  # containers run as users that nobody has named
        return str(user_id)

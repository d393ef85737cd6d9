"""Running a command's coroutine on the composed services."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from infra.logs import configure_logs
from infra.settings import load_settings
from interfaces.composition import compose, open_database
from interfaces.services import Services

R = TypeVar("R")


def with_services(work: Callable[[Services], Awaitable[R]]) -> R:
    """Open the database, put the services together without serving, and do the work."""
    settings = load_settings()
    configure_logs("WARNING")
    with open_database(settings) as conninfo:

        async def run() -> R:
            async with compose(settings, conninfo, frozenset()) as services:
                return await work(services)

        return asyncio.run(run())

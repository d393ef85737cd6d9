"""What HTTP alone costs: a bare route on the server of Annals that sends back what it decoded.

``python -m tests.benchmarks.echo PORT`` serves it with the settings of ``interfaces.server``.
"""

import sys
from typing import Any

import msgspec
from granian import Granian
from granian.constants import Interfaces, Loops
from litestar import Litestar, post

from interfaces.server import BACKLOG

PATH = "/echo"


class StartRun(msgspec.Struct):
    """A run to be started, without the checks of Annals."""

    process_id: int
    entity_id: str
    entity_name: str | None
    meta: dict[str, Any]


@post(PATH)
async def echo(data: StartRun) -> StartRun:
    """Send back the body."""
    return data


def application() -> Litestar:
    """Make the application of the server process."""
    return Litestar([echo], openapi_config=None, logging_config=None)


def serve(port: int) -> None:
    """Serve until a signal ends it."""
    Granian(
        f"{__name__ if __name__ != '__main__' else 'tests.benchmarks.echo'}:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        loop=Loops.auto,
        workers=1,
        backlog=BACKLOG,
        log_enabled=True,
        log_access=False,
        websockets=True,
        respawn_failed_workers=True,
    ).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]))

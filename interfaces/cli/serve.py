"""``annals serve``."""

import asyncio
import signal
import sys
from typing import Annotated

import typer

from application.identity.bootstrap import Generated
from infra.logs import configure_logs
from infra.settings import Settings, load_settings
from interfaces.cli.output import console
from interfaces.cli.projections import RebuildBars
from interfaces.composition import (
    PARTS,
    Part,
    build_projections,
    compose,
    join_database,
    let_first_admin_in,
    open_database,
)
from interfaces.server import STOP_SECONDS, serve_http

Only = Annotated[
    str | None,
    typer.Option(
        help="Run only these parts, with commas: api, projections, jobs, webhooks. Default: all."
    ),
]


def serve(only: Only = None) -> None:
    """Serve the API, keep the read models up to date, do the background jobs, and send webhooks.

    Exits 1 if it cannot start.

    Example: annals serve --only projections,jobs,webhooks
    """
    signal.signal(signal.SIGTERM, _leave)
    settings = load_settings()
    configure_logs(settings.log_level)
    parts = _parts(only)
    with open_database(settings) as conninfo:
        with RebuildBars() as bars:
            asyncio.run(build_projections(settings, conninfo, bars.told))
        generated = asyncio.run(let_first_admin_in(settings, conninfo))
        if generated is not None:
            _show_once(generated)
        if "api" in parts:
            console.print(f"Annals on http://{settings.api_host}:{settings.api_port}")
            serve_http(settings, parts)
        else:
            asyncio.run(_serve_without_http(settings, parts))


def _parts(only: str | None) -> frozenset[Part]:
    if only is None:
        return frozenset(PARTS)
    wanted = {part.strip() for part in only.split(",")}
    if not wanted <= set(PARTS):
        raise typer.BadParameter(f"must be some of {', '.join(PARTS)}", param_hint="--only")
    return frozenset(part for part in PARTS if part in wanted)


def _leave(number: int, _frame: object) -> None:
    """Leave a start that is under way in good order: what was opened is closed."""
    sys.exit(128 + number)


async def _serve_without_http(settings: Settings, parts: frozenset[Part]) -> None:
    """Keep read models up to date, do jobs or send webhooks until a signal ends it."""
    ended = asyncio.Event()

    def end() -> None:
        ended.set()
        signal.alarm(STOP_SECONDS)  # a database that does not answer must not hold it up for long

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    async with (
        join_database(settings) as conninfo,
        compose(settings, conninfo, parts),
    ):
        if "projections" in parts:
            console.print("Annals keeps the read models up to date")
        if "jobs" in parts:
            console.print("Annals does the background jobs")
        if "webhooks" in parts:
            console.print("Annals sends webhooks")
        await ended.wait()


def _show_once(generated: Generated) -> None:
    console.rule("First start")
    console.print("Shown this once; keep it safe.")
    console.print(f"  admin user      {generated.username}", highlight=False)
    if generated.password is not None:
        console.print(f"  admin password  {generated.password}", highlight=False)
    if generated.api_key is not None:
        console.print(f"  admin API key   {generated.api_key}", highlight=False, soft_wrap=True)
    console.rule()

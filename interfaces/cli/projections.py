"""``annals projections``: how far the read models are."""

from collections.abc import Sequence

import typer
from rich.table import Column, Table

from application.ports import ProjectionState, ProjectionStatus
from interfaces.cli.output import AsJson, console, print_json
from interfaces.cli.running import with_services

app = typer.Typer(help="Look after the read models.", no_args_is_help=True)


@app.callback()
def projections() -> None:
    """Look after the read models."""


@app.command("status")
def status(as_json: AsJson = False) -> None:
    """Show how far each projection and subscription is behind the log.

    Exits 1 if one is stale or has parked streams.

    Example: annals projections status
    """
    statuses = with_services(lambda services: services.projection_statuses.all())
    if as_json:
        print_json(statuses)
    else:
        console.print(_table(statuses))
    if any(status.state is not ProjectionState.LIVE for status in statuses):
        raise typer.Exit(1)


def _table(statuses: Sequence[ProjectionStatus]) -> Table:
    table = Table(
        Column("name", no_wrap=True),
        "kind",
        "version",
        "position",
        "lag",
        "state",
        "parked",
        "last error",
    )
    for status in statuses:
        table.add_row(
            status.name,
            status.kind,
            str(status.version),
            str(status.position),
            f"{status.lag} ({status.lag_seconds:.1f} s)",
            status.state,
            str(status.parked_streams),
            status.last_error or "",
        )
    return table

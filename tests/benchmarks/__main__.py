"""``python -m tests.benchmarks [name…]``: how fast Annals is, side by side with what it stands on.

A benchmark prints the goal beside the result. Nothing fails when a goal is missed: what a machine
gives depends on what else it does.
"""

from typing import Annotated

import typer
import uvloop
from rich.console import Console

from infra.logs import configure_logs
from tests.benchmarks.appends import measure_appends
from tests.benchmarks.commands import measure_http
from tests.benchmarks.database import prepared_ground
from tests.benchmarks.documents import measure_documents
from tests.benchmarks.feed import measure_feed
from tests.benchmarks.lists import measure_lists
from tests.benchmarks.machine import describe_machine
from tests.benchmarks.projection import measure_projection
from tests.benchmarks.reading import measure_reading
from tests.benchmarks.rebuild import measure_rebuild
from tests.benchmarks.report import print_as_json, print_machine, print_outcome
from tests.benchmarks.snapshots import measure_snapshots
from tests.benchmarks.verification import measure_verification

BENCHMARKS = {
    "appends": measure_appends,
    "documents": measure_documents,
    "feed": measure_feed,
    "http": measure_http,
    "lists": measure_lists,
    "projection": measure_projection,
    "reading": measure_reading,
    "rebuild": measure_rebuild,
    "snapshots": measure_snapshots,
    "verification": measure_verification,
}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Names = Annotated[list[str] | None, typer.Argument(help=f"Any of {', '.join(BENCHMARKS)}.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def main(names: Names = None, as_json: AsJson = False) -> None:
    """Measure; by default everything, which takes some minutes."""
    chosen = names or list(BENCHMARKS)
    if unknown := [name for name in chosen if name not in BENCHMARKS]:
        raise typer.BadParameter(f"there is no benchmark {', '.join(unknown)}")
    configure_logs("WARNING")
    console = Console(stderr=as_json)
    outcomes = []
    with prepared_ground() as ground:
        machine = describe_machine(ground.url)
        print_machine(console, machine)
        for name in chosen:
            with console.status(f"measuring {name}"):
                outcome = uvloop.run(BENCHMARKS[name](ground))
            outcomes.append(outcome)
            print_outcome(console, outcome)
    if as_json:
        print_as_json(machine, outcomes)


app()

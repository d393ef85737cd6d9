"""``annals audit trace``: what led to what, as a tree."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.tree import Tree

from application import tracing
from application.tracing import Origin, Trace, TracedEvent
from interfaces.cli.output import AsJson, console, errors, print_json
from interfaces.cli.running import PROJECTIONS, with_services
from interfaces.services import Services


def trace(
    correlation_id: Annotated[
        str, typer.Argument(help="As each event of the audit history has one.")
    ],
    as_json: AsJson = False,
) -> None:
    """Show a whole chain of causes across streams: requests, and what followed from their events.

    An event stands beneath the event that caused it.

    Exits 1 if no event has this correlation id, or the read model cannot be brought up to date.

    Example: annals audit trace order-42
    """

    async def read(services: Services) -> Trace:
        await services.freshness.reach_head(["history"])
        return await tracing.trace(services.store, services.history, correlation_id)

    shown = with_services(read, PROJECTIONS)
    if as_json:
        print_json(shown)
        return
    console.print(_tree(shown), soft_wrap=True, highlight=False)
    if not shown.is_complete:
        errors.print(f"[yellow]There are more:[/] these are the first {shown.events}")


def _tree(shown: Trace) -> Tree:
    tree = Tree(f"[bold]{escape(shown.correlation_id)}[/]: {shown.events} events")
    for origin in shown.origins:
        branch = tree.add(_beginning(origin))
        for event in origin.events:
            _hang(branch, event)
    return tree


def _beginning(origin: Origin) -> str:
    actor = escape(origin.actor)
    if origin.request_id is not None:
        return f"request {escape(origin.request_id)} by {actor}"
    if origin.causation_id is not None:
        return f"{actor}, because of event {escape(origin.causation_id)} outside of this chain"
    return f"{actor}, of itself"


def _hang(branch: Tree, event: TracedEvent) -> None:
    moment = event.recorded_at.isoformat(sep=" ", timespec="milliseconds")
    below = branch.add(
        f"[bold]{event.position}[/] {escape(event.stream_id)} {event.version} "
        f"[cyan]{event.type}[/] {moment} by {escape(event.actor)}"
    )
    for caused in event.caused:
        _hang(below, caused)

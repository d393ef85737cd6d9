"""Showing what was measured: tables for people, JSON for machines."""

import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import Comparison, Outcome, Series

FEW = 100


def print_machine(console: Console, machine: Machine) -> None:
    """Say what the figures are measured on."""
    server = dict(machine.postgresql)
    version = server.pop("server_version")
    console.print(
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb} GB · {machine.system} · "
        f"{machine.python} · PostgreSQL {version} on this machine ("
        + ", ".join(f"{name} {value}" for name, value in server.items())
        + f") · load average at the start {machine.load_average}",
        highlight=False,
    )


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Print a benchmark as a table with its notes."""
    rounds = len(outcome.comparisons[0].ratio.values)
    table = Table(
        title=f"{outcome.title} ({outcome.unit}; median of {rounds} rounds, below it the range)",
        title_justify="left",
        show_lines=True,
    )
    table.add_column("")
    for heading in (outcome.ours, outcome.other, "ratio", "goal", "met"):
        table.add_column(heading, justify="right")
    for heading in outcome.comparisons[0].details:
        table.add_column(heading, justify="right")
    for comparison in outcome.comparisons:
        table.add_row(
            comparison.case,
            _spread(comparison.ours),
            _spread(comparison.other),
            _spread(comparison.ratio, 2),
            "" if comparison.goal is None else f"≥ {comparison.goal:g}",
            _met(comparison),
            *comparison.details.values(),
        )
    console.print()
    console.print(table)
    for paragraph in outcome.notes.split("\n\n"):
        console.print(f"[dim]{' '.join(paragraph.split())}[/]", highlight=False)


def print_as_json(machine: Machine, outcomes: Sequence[Outcome]) -> None:
    """Write everything as one JSON document."""
    document = {"machine": machine, "benchmarks": outcomes}
    sys.stdout.write(msgspec.json.encode(document).decode() + "\n")


def _spread(series: Series, digits: int | None = None) -> str:
    if digits is None:
        digits = 1 if series.median < FEW else 0
    low, median, high = (
        f"{value:,.{digits}f}" for value in (series.low, series.median, series.high)
    )
    return f"{median}\n[dim]{low}-{high}[/]"


def _met(comparison: Comparison) -> str:
    if comparison.met is None:
        return ""
    return "[green]yes[/]" if comparison.met else "[bold red]no[/]"

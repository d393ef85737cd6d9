"""``annals projections``: how far the read models are, made anew, and streams that are parked."""

from collections.abc import Sequence
from typing import Annotated, Self

import typer
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from application.projections.handlers import skip_parked_event
from application.projections.ports import ParkedStream, RebuildProgress, RebuildStage, Retried
from application.projections.status import ProjectionState, ProjectionStatus
from infra.settings import Settings
from interfaces.cli.output import AsJson, complain, console, errors, print_json
from interfaces.cli.running import by_terminal, with_database, with_services
from interfaces.composition import PROJECTIONS, rebuild_projections
from interfaces.services import Services

app = typer.Typer(help="Look after the read models.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A projection or subscription, like runs.")]
Names = Annotated[list[str] | None, typer.Argument(help="Projections, like runs.")]
Stream = Annotated[str, typer.Argument(help="A stream id, like run-42.")]
AnyStream = Annotated[
    str | None, typer.Argument(help="A stream id, like run-42. Default: all that are parked.")
]


@app.command("status")
def status(as_json: AsJson = False) -> None:
    """Show how far each projection and subscription is behind the log.

    Exits 1 if one is stale, not built, or has parked streams.

    Example: annals projections status
    """
    statuses = with_services(lambda services: services.projection_statuses.all())
    if as_json:
        print_json(statuses)
    else:
        console.print(_status_table(statuses))
    if any(status.state is not ProjectionState.LIVE for status in statuses):
        raise typer.Exit(1)


@app.command("rebuild")
def rebuild(
    names: Names = None,
    every: Annotated[bool, typer.Option("--all", help="Rebuild all projections.")] = False,
    restart: Annotated[
        bool, typer.Option(help="Begin anew, and do not go on with what was interrupted.")
    ] = False,
    park: Annotated[
        bool, typer.Option(help="Park streams with an event that cannot be applied; go on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make read models anew from the log, beside the live ones, and swap them at the end.

    What is served stays up to date meanwhile. Interrupted, it goes on from there the next time.
    Exits 1 if an event cannot be applied, or if another process is rebuilding the same, and 130
    if Ctrl-C ends it.

    Example: annals projections rebuild runs history
    """
    wanted = _wanted(names or [], every=every)
    bars = RebuildBars()

    async def work(settings: Settings, conninfo: str) -> None:
        with bars:
            await rebuild_projections(
                settings, conninfo, wanted, bars.told, restart=restart, parking=park
            )

    try:
        with_database(work)
    except KeyboardInterrupt:
        complain("Interrupted; the next rebuild goes on from there, and nothing was swapped half")
        raise typer.Exit(130) from None
    if as_json:
        print_json(bars.latest)
        return
    for progress in bars.latest:
        parked = f", {progress.parked_streams} streams parked" if progress.parked_streams else ""
        console.print(
            f"{progress.projection} is rebuilt up to position {progress.position}{parked}"
        )


@app.command("parked")
def parked(name: Name, as_json: AsJson = False) -> None:
    """Show the streams that are parked, each at the event that could not be applied.

    Exits 0 also if there are none, 1 if there is no such projection.

    Example: annals projections parked runs
    """
    found = with_services(lambda services: services.parked_streams.of(name))
    if as_json:
        print_json(found)
        return
    if not found:
        console.print(f"No stream is parked in {name}")
    for stream in found:
        _show_parked(stream)


@app.command("retry")
def retry(name: Name, stream: AnyStream = None, as_json: AsJson = False) -> None:
    """Try again to apply what waits of a parked stream, in order.

    Exits 1 if a stream is parked again, or was not parked.

    Example: annals projections retry runs run-42
    """

    async def work(services: Services) -> list[Retried]:
        names = [stream]
        if stream is None:
            names = [found.stream_id for found in await services.parked_streams.of(name)]
        return [await services.parked_streams.retry(name, one) for one in names if one is not None]

    _show_retried(with_services(work), as_json=as_json)


@app.command("skip")
def skip(
    name: Name,
    stream: Stream,
    reason: Annotated[str, typer.Option(help="Why the event may be left out.")],
    as_json: AsJson = False,
) -> None:
    """Leave out the event at which a stream is parked, for good, and go on behind it.

    Who did it and why is recorded as an event. Exits 1 if the stream is parked again further on.

    Example: annals projections skip runs run-42 --reason "malformed by release 1.2"
    """

    async def work(services: Services) -> Retried:
        return await skip_parked_event(
            services.store,
            services.parked_streams,
            projection=name,
            stream_id=stream,
            reason=reason,
            metadata=by_terminal(),
        )

    _show_retried([with_services(work)], as_json=as_json)


class RebuildBars:
    """A bar for each projection that is rebuilt, on a terminal."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[stage]}"),
            console=errors,
            disable=not errors.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._latest: dict[str, RebuildProgress] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @property
    def latest(self) -> list[RebuildProgress]:
        """The last that was told of each projection."""
        return list(self._latest.values())

    def told(self, progress: RebuildProgress) -> None:
        """Show how far a rebuild is."""
        name = progress.projection
        self._latest[name] = progress
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=None, stage="")
        stage = "" if progress.stage is RebuildStage.FILLING else str(progress.stage)
        self._progress.update(
            self._tasks[name], completed=progress.position, total=progress.head, stage=stage
        )


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} events/s" if task.speed else "")


def _wanted(names: Sequence[str], *, every: bool) -> list[str]:
    known = [projection.name for projection in PROJECTIONS]
    if every == bool(names):
        raise typer.BadParameter(f"must be some of {', '.join(known)}, or --all", param_hint="NAME")
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"{name} is none of {', '.join(known)}", param_hint="NAME")
    return known if every else list(names)


def _status_table(statuses: Sequence[ProjectionStatus]) -> Table:
    table = Table(
        Column("name", no_wrap=True),
        "version",
        "position",
        "lag",
        "state",
        "parked",
        Column("last error", overflow="fold"),
    )
    for status in statuses:
        table.add_row(
            status.name,
            str(status.version),
            str(status.position),
            f"{status.lag} ({status.lag_seconds:.0f} s)" if status.lag else "0",
            status.state,
            str(status.parked_streams),
            Text(status.last_error or ""),
        )
        if status.rebuild is not None:
            table.add_row(
                "  rebuild", "", str(status.rebuild.position), "", "", "",
                Text(status.rebuild.last_error or ""),
            )  # fmt: skip
    return table


def _show_parked(stream: ParkedStream) -> None:
    console.print(Text(f"{stream.stream_id} is parked at position {stream.position}:", "bold"))
    console.print(Text(f"  {stream.type}, version {stream.version} of its stream"))
    console.print(Text(f"  {stream.error}"))
    console.print(Text(f"  since {stream.parked_at:%Y-%m-%d %H:%M:%S %Z}"))
    for line in stream.trace.splitlines():
        console.print(Text(f"    {line}", "dim"))


def _show_retried(tries: Sequence[Retried], *, as_json: bool) -> None:
    if as_json:
        print_json(tries)
    for tried in tries:
        if tried.parked is not None:
            complain(
                f"{tried.stream_id} is parked at position {tried.parked.position} again: "
                f"{tried.parked.error}"
            )
        elif not as_json:
            console.print(f"{tried.stream_id} is followed again: {tried.events_applied} events")
    if not tries and not as_json:
        console.print("No stream is parked")
    if any(tried.parked is not None for tried in tries):
        raise typer.Exit(1)

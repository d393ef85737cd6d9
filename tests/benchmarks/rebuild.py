"""Events a second through a rebuild of every projection, from a log of a million mixed events."""

import time

from application.projections.ports import RebuildProgress, RebuildStage
from domain.events import DomainEvent
from infra.event_store.reader import LogReader
from infra.postgres.connections import connection_pool
from infra.settings import Settings
from interfaces.composition import (
    PROJECTIONS,
    build_projections,
    keyring,
    open_database,
    rebuild_projections,
)
from tests.benchmarks.database import Ground, settle
from tests.benchmarks.measuring import Outcome, compare
from tests.benchmarks.mixed_log import fill
from tests.benchmarks.projection import Stock

EVENTS = 1_000_000
STOCK_EVENTS = 3_000
ROUNDS = 3
GOAL = 20_000


async def measure_rebuild(ground: Ground) -> Outcome:
    """Compare a rebuild of all projections with the library's runner on one of them."""
    settings = ground.settings()
    with open_database(settings) as conninfo:
        fill(conninfo, keyring(settings), EVENTS)
        await build_projections(settings, conninfo, lambda _: None)
        settle(conninfo)
    stock = Stock(ground.new_database(), await _first_events_of_runs(settings), "on")
    comparison = await compare(
        "every projection",
        lambda: _rebuilding(settings),
        stock.rate,
        rounds=ROUNDS,
        warm_up=False,
    )
    median = comparison.ours.median
    comparison.details = {
        "wanted": f"≥ {GOAL:,}",
        "reached": "[green]yes[/]" if median >= GOAL else "[bold red]no[/]",
    }
    return Outcome(
        name="rebuild",
        title="Rebuilding the read models",
        unit="events/s",
        ours="Annals, all projections",
        other="stock runner, runs alone",
        comparisons=[comparison],
        notes=f"""
        Annals: {", ".join(projection.name for projection in PROJECTIONS)} beside the live ones in
        one pass over {EVENTS:,} mixed events (runs of three steps, changes of meta, deletions,
        erasures, users, processes); events decrypted; with indexes, vacuum and swap.

        Stock: ProjectionRunner with the read model of runs alone over the first {STOCK_EVENTS}
        events of runs of the same log, stored unencrypted; one transaction for each event.
        """,
    )


async def _rebuilding(settings: Settings) -> float:
    assert settings.database_url is not None
    done: dict[str, int] = {}

    def told(progress: RebuildProgress) -> None:
        if progress.stage is RebuildStage.DONE:
            done[progress.projection] = progress.position

    names = [projection.name for projection in PROJECTIONS]
    began = time.perf_counter()
    await rebuild_projections(settings, settings.database_url, names, told, restart=True)
    taken = time.perf_counter() - began
    assert done == dict.fromkeys(names, EVENTS)
    return EVENTS / taken


async def _first_events_of_runs(settings: Settings) -> list[DomainEvent]:
    assert settings.database_url is not None
    async with connection_pool(settings.database_url, 2) as pool:
        reader = LogReader(pool, keyring(settings))
        page = await reader.page(0, STOCK_EVENTS, categories=["run"])
    return [recorded.event for recorded in page.events]

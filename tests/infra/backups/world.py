"""An Annals whose database is backed up, lost and restored."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import psycopg

from application.backups import Backup, Restored
from application.metadata import by_system
from application.processes.handlers import CreateProcess, create_process
from application.runs.handlers import StartRun, start_run
from application.runs.neutralization import NeutralizeRun, neutralize_run
from domain.runs.run import Run
from infra.settings import Settings
from interfaces.composition import (
    compose,
    open_database,
    rebuild_projections,
    restore_backup,
    write_backup,
)
from interfaces.services import Services

BY_TEST = by_system("test")

R = TypeVar("R")


class World:
    """What an operator and the people do, each step in a start of Annals of its own."""

    def __init__(self, settings: Settings) -> None:
        assert settings.database_url is not None
        self.settings = settings
        self.url = settings.database_url

    def use(self, work: Callable[[Services], Awaitable[R]]) -> R:
        """Do some work as a served Annals does, read models included."""

        async def run() -> R:
            async with compose(self.settings, self.url, frozenset(["projections"])) as services:
                return await work(services)

        with open_database(self.settings):
            return asyncio.run(run())

    def start_runs(self, *names: str) -> list[int]:
        """Start a run for each person; give the ids."""

        async def start(services: Services) -> list[int]:
            command = CreateProcess(name="Onboarding", meta={})
            process, _ = await create_process(
                services.store, services.identifiers, command, BY_TEST
            )
            runs = [
                await start_run(
                    services.store,
                    services.identifiers,
                    StartRun(
                        process_id=int(process.key), entity_id=name, entity_name=name, meta={}
                    ),
                    BY_TEST,
                )
                for name in names
            ]
            await services.freshness.reach_head(["runs"])
            return [int(run.key) for run, _ in runs]

        return self.use(start)

    def forget(self, *runs: int) -> None:
        """Neutralize runs."""

        async def forget(services: Services) -> None:
            for run_id in runs:
                command = NeutralizeRun(run_id=run_id, reason="asked", policy="manual")
                await neutralize_run(services.store, command, BY_TEST)

        self.use(forget)

    def back_up(self) -> Backup:
        """Back up to where the settings say."""
        *_, last = write_backup(self.settings, None, keep=None)
        assert last.backup is not None
        return last.backup

    def restore(self, dump: Path) -> Restored:
        """Restore over whatever is there."""
        return restore_backup(self.settings, dump, may_replace=lambda *_: None)

    def rebuild(self, projection: str) -> None:
        """Make a read model anew."""
        asyncio.run(rebuild_projections(self.settings, self.url, [projection], lambda _: None))

    def named(self, run_id: int) -> tuple[str | None, str | None]:
        """Give a run's entity name as the log tells it, and as the read model shows it."""

        async def name(services: Services) -> tuple[str | None, str | None]:
            await services.freshness.reach_head(["runs"])
            run = await services.store.load(Run, run_id)
            shown = await services.runs.get(run_id)
            assert shown is not None
            return run.state.entity_name, shown.shown.run.entity_name

        return self.use(name)

    def chain_holds(self) -> bool:
        """Verify the whole chain."""

        async def verify(services: Services) -> bool:
            return [outcome async for outcome in services.verifier.progress()][-1].valid

        return self.use(verify)

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database, past Annals."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

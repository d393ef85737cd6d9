"""How the watcher and the downloader fare, as the database and the log know it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from psycopg_pool import AsyncConnectionPool

from application.configuration.current import CurrentConfiguration
from application.errors import NotFoundError
from application.intake.ports import ComponentState, IntakeStatus
from application.ports import EventStore
from domain.downloads.download import Download, digest_of
from infra.intake.watcher import WATCHERS

# Whoever watches a path holds its lock; the numbers of a lock are shown without their sign.
IS_WATCHED = """
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = %s
      AND objid = (hashtext(%s)::bigint & 4294967295)::oid
      AND granted
)
"""


class _Downloads(NamedTuple):
    state: ComponentState
    last: datetime | None


class PostgresIntake:
    """Implements the application's Intake port."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        store: EventStore,
        configuration: CurrentConfiguration,
        directory: Callable[[str], Path],
    ) -> None:
        self._pool = pool
        self._store = store
        self._configuration = configuration
        self._directory = directory

    async def status(self) -> IntakeStatus:
        """Tell how they fare now."""
        sections = await self._configuration.sections()
        download = await self._download(sections.web_downloader.url)
        return IntakeStatus(
            file_watcher=await self._watcher(sections.file_watcher.watch_path),
            web_downloader=download.state,
            last_download=download.last,
        )

    async def _watcher(self, watch_path: str | None) -> ComponentState:
        if watch_path is None:
            return ComponentState.STOPPED
        path = str(self._directory(watch_path))
        async with self._pool.connection() as connection:
            row = await (await connection.execute(IS_WATCHED, (WATCHERS, path))).fetchone()
        is_watched = row is not None and row[0]
        return ComponentState.RUNNING if is_watched else ComponentState.FAILING

    async def _download(self, url: str | None) -> _Downloads:
        if url is None:
            return _Downloads(ComponentState.STOPPED, None)
        try:
            state = (await self._store.peek(Download, digest_of(url))).state
        except NotFoundError:
            return _Downloads(ComponentState.RUNNING, None)
        is_failing = state.failed_because is not None
        component = ComponentState.FAILING if is_failing else ComponentState.RUNNING
        return _Downloads(component, state.completed_at)

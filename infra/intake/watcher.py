"""The watcher: takes in the files that somebody puts into the directory that is configured.

Of all processes one watches a path at a time, by an advisory lock of a connection of its own; the
others stand by. What was taken in is known by its content, in the log: nothing is remembered here
that a restart could lose.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import psycopg
import structlog

from application.configuration.current import Current, CurrentConfiguration
from application.documents.storage import DocumentStorage, DocumentTooLargeError
from application.intake.arrivals import Arrival, ArrivalChangedError, take_in_arrival
from application.intake.reporting import report_unwatched
from application.metadata import by_system
from application.ports import EventStore
from domain.configuration.sections import FileWatcher
from domain.documents.events import Source
from domain.errors import InvalidFieldError
from infra.cancellation import cancelled_for_good
from infra.intake.directories import ConfiguredDirectories
from infra.intake.directory import Directory
from infra.intake.files import chunks_of, digest_of, look_at, place
from infra.postgres.signals import LOG_CHANNEL, Signals

log = structlog.get_logger(__name__)

WATCHERS = 4127320

TRY_LOCK = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"

# How often whoever stands by tries, and whoever watches makes sure of the lock.
LOCK_SECONDS = 2.0
# How long a change of the configuration may go unheard of, and how soon it is looked for at most.
LOOK_AGAIN_SECONDS = 5.0
GATHER_SECONDS = 0.2
BEGIN_AGAIN_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class FileWatching:
    """Watches as configured, and begins anew when that changes."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[psycopg.AsyncConnection]],
        signals: Signals,
        configuration: CurrentConfiguration,
        *,
        store: EventStore,
        storage: DocumentStorage,
        directories: ConfiguredDirectories,
    ) -> None:
        self._connect = connect
        self._configuration = configuration
        self._store = store
        self._storage = storage
        self._signals = signals
        self._directories = directories

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the task that watches."""
        task = asyncio.create_task(self._run(), name="file-watcher")
        try:
            yield
        finally:
            await cancelled_for_good(task)

    async def _run(self) -> None:
        pause = BEGIN_AGAIN_SECONDS
        while True:
            current: Current | None = None
            began = time.monotonic()
            try:
                current = await self._configuration.read()
                await self._go_by(current)
                pause = BEGIN_AGAIN_SECONDS
            except Exception as error:  # noqa: BLE001 - whatever it is, it begins again
                log.warning("file_watcher_interrupted", error=type(error).__name__)
                if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                    pause = BEGIN_AGAIN_SECONDS
                if isinstance(error, OSError) and pause > BEGIN_AGAIN_SECONDS:
                    await self._report(current, error)
                await self._rest(current, pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _report(self, current: Current | None, error: OSError) -> None:
        """Let somebody know whose directory cannot be watched, if the database is there for it."""
        path = current.sections.file_watcher.watch_path if current is not None else None
        if path is not None:
            with contextlib.suppress(psycopg.Error):
                await report_unwatched(self._store, path, type(error).__name__)

    async def _rest(self, current: Current | None, seconds: float) -> None:
        """Wait so long, unless something else is configured before."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if current is None:
                    await asyncio.sleep(seconds)
                else:
                    await self._changed(current)

    async def _go_by(self, current: Current) -> None:
        """Watch until something else is configured."""
        watcher = current.sections.file_watcher
        changed = asyncio.create_task(self._changed(current), name="file-watcher-configuration")
        watching = asyncio.create_task(self._hold_and_watch(watcher), name="file-watcher-directory")
        try:
            await asyncio.wait({changed, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
            if changed.done():
                changed.result()
        finally:
            await cancelled_for_good(changed)
            await cancelled_for_good(watching)

    async def _changed(self, current: Current) -> None:
        """Return once something else is configured, or everything was told to begin anew."""
        while True:
            position = self._signals.position(LOG_CHANNEL)
            now = await self._configuration.read()
            if (now.sections.file_watcher, now.reloads) != (
                current.sections.file_watcher,
                current.reloads,
            ):
                return
            await self._signals.wait_beyond(LOG_CHANNEL, position, LOOK_AGAIN_SECONDS)
            await asyncio.sleep(GATHER_SECONDS)

    async def _hold_and_watch(self, watcher: FileWatcher) -> None:
        if watcher.watch_path is None:
            await asyncio.Event().wait()
            return
        path = self._directories.of(watcher.watch_path)
        async with await self._connect() as connection:
            while not await _locks(connection, path):  # noqa: ASYNC110 - nobody signals it
                await asyncio.sleep(LOCK_SECONDS)
            holding = asyncio.create_task(_hold(connection), name="file-watcher-lock")
            watching = asyncio.create_task(self._watch(path, watcher), name="file-watcher-files")
            try:
                await asyncio.wait({holding, watching}, return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    watching.result()
                if holding.done():
                    holding.result()
            finally:
                await cancelled_for_good(watching)
                await cancelled_for_good(holding)

    async def _watch(self, path: Path, watcher: FileWatcher) -> None:
        processed = None
        if watcher.processed_path is not None:
            processed = self._directories.of(watcher.processed_path)
        leave_out = self._directories.own | ({processed} if processed is not None else set())
        directory = Directory(path, watcher, leave_out)
        async with contextlib.aclosing(directory.settled()) as settled:
            async for file in settled:
                look = look_at(file)
                if look is None:
                    continue
                with contextlib.suppress(ArrivalChangedError, FileNotFoundError):
                    await self._see_to(file, watcher, processed)
                    directory.done_with(file, look)

    async def _see_to(self, file: Path, watcher: FileWatcher, processed: Path | None) -> None:
        """Take a file in and put it where it is to be then; what may not be read or moved stays."""
        try:
            digest = await self._take_in(file, watcher)
            if digest is not None and processed is not None:
                await asyncio.to_thread(place, file, processed / file.name, digest)
        except PermissionError:
            log.warning("watched_file_not_permitted")

    async def _take_in(self, file: Path, watcher: FileWatcher) -> str | None:
        """Take a file in unless it is known; give its digest, None if it is refused."""
        digest = await asyncio.to_thread(digest_of, file)
        security = (await self._configuration.sections()).security
        arrival = Arrival(
            name=file.name, sha256=digest, source=Source.WATCHER, priority=watcher.priority
        )
        try:
            job_id = await take_in_arrival(
                self._store,
                self._storage,
                arrival,
                chunks_of(file),
                by_system(f"watch-{uuid4()}"),
                most_bytes=security.max_file_size_mb * 1024 * 1024,
            )
        except (InvalidFieldError, DocumentTooLargeError) as error:
            log.warning("watched_file_refused", sha256=digest, error=type(error).__name__)
            return None
        if job_id is not None:
            log.info("watched_file_taken_in", sha256=digest, job_id=str(job_id))
        return digest


async def _locks(connection: psycopg.AsyncConnection, path: Path) -> bool:
    row = await (await connection.execute(TRY_LOCK, (WATCHERS, str(path)))).fetchone()
    return row is not None and bool(row[0])


async def _hold(connection: psycopg.AsyncConnection) -> None:
    """Raise once the connection is lost, and with it the lock."""
    while True:
        await asyncio.sleep(LOCK_SECONDS)
        await connection.execute("SELECT 1")

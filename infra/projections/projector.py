"""The projector: one pass over the log feeds all projections that this process holds.

A projection is held by one process at a time, by an advisory lock of the projector's connection;
another process takes over as soon as that connection is gone. Changes of tables and checkpoint are
one transaction, so each event takes effect once. It commits asynchronously: after a crash of the
server, tables and checkpoint go back together, and the log is read again from there.

A subscription is held as a projection is, and jobs take the place of tables. A job that was begun
does not go back: its worker commits synchronously, and with that all that was committed before.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence

import msgspec
import psycopg
import structlog
from psycopg.sql import SQL

from application.subscription import Subscription
from domain.events import DomainEvent, Recorded
from infra.cancellation import cancelled_for_good
from infra.event_store.reader import LogPage, LogReader, Unreadable
from infra.jobs.queue import enqueue_jobs
from infra.postgres.failures import is_passing
from infra.postgres.signals import LOG_CHANNEL, PROJECTED_CHANNEL, Signals
from infra.projections.follower import Follower
from infra.projections.installation import SupersededError
from infra.projections.parking import park, parked_streams
from infra.projections.tables import load_rows, save_rows

log = structlog.get_logger(__name__)

BATCH_SIZE = 1000
LOOK_AGAIN_SECONDS = 1.0
RETRY_SECONDS = 1.0

# A moment between batches: under load, more events gather for the next transaction.
GATHER_SECONDS = 0.002

# A process that does not even look around for so long has been stopped, and loses what it holds.
STOPPED = "60s"

TRY_HOLD = """
SELECT name, pg_try_advisory_lock(4127304, hashtext(name)) FROM unnest(%s::text[]) AS name
"""

LET_GO = "SELECT pg_advisory_unlock(4127304, hashtext(%s))"

CHECKPOINTS = "SELECT projection, position, version FROM checkpoints"

MOVE_CHECKPOINTS = """
UPDATE checkpoints AS checkpoint
SET position = %s, progress_at = now()
FROM unnest(%s::text[], %s::integer[]) AS held (projection, version)
WHERE checkpoint.projection = held.projection
  AND checkpoint.version = held.version
  AND checkpoint.position = %s
"""

NOTIFY = "SELECT pg_notify(%s, name || ':' || %s::bigint) FROM unnest(%s::text[]) AS name"


class Held(msgspec.Struct, eq=False):
    """A projection or subscription that this process holds, and how far it has read."""

    follower: Follower
    position: int
    parked: set[str]


class Projector:
    """Keeps the read models up to date, and has done what follows from events."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[psycopg.AsyncConnection]],
        reader: LogReader,
        signals: Signals,
        followers: Iterable[Follower],
        *,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self._connect = connect
        self._reader = reader
        self._signals = signals
        self._followers = {follower.name: follower for follower in followers}
        self._batch_size = batch_size
        self._held: dict[str, Held] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the projector's task."""
        task = asyncio.create_task(self._run(), name="projector")
        try:
            yield
        finally:
            await cancelled_for_good(task)

    async def _run(self) -> None:
        while True:
            try:
                async with await self._connect() as connection:
                    await self._serve(connection)
            except Exception as error:  # noqa: BLE001 - whatever it is, the projector tries again
                log.warning("projector_interrupted", error=type(error).__name__)
            self._held.clear()
            await asyncio.sleep(RETRY_SECONDS)

    async def _serve(self, connection: psycopg.AsyncConnection) -> None:
        await connection.execute(SQL("SET idle_session_timeout TO {}").format(STOPPED))
        looked_at = -LOOK_AGAIN_SECONDS
        while True:
            if time.monotonic() - looked_at >= LOOK_AGAIN_SECONDS:
                await self._look_around(connection)
                looked_at = time.monotonic()
            heard = self._signals.position(LOG_CHANNEL)
            if await self._advance(connection):
                await asyncio.sleep(GATHER_SECONDS)
            else:
                await self._signals.wait_beyond(LOG_CHANNEL, heard, LOOK_AGAIN_SECONDS)

    async def _look_around(self, connection: psycopg.AsyncConnection) -> None:
        """Take up the projections that no process holds, if they are installed in this version.

        Raises SupersededError if one that this process holds no longer is.
        """
        installed = await self._installed(connection)
        if not self._held.keys() <= installed.keys():
            raise SupersededError
        missing = [name for name in installed if name not in self._held]
        if not missing:
            return
        cursor = await connection.execute(TRY_HOLD, (missing,))
        taken = [name for name, held in await cursor.fetchall() if held]
        installed = await self._installed(connection)  # as it is since nobody else holds them
        for name in taken:
            if name in installed:
                parked = await parked_streams(connection, name)
                self._held[name] = Held(self._followers[name], installed[name], parked)
                log.info("projection_held", projection=name, position=installed[name])
            else:
                await connection.execute(LET_GO, (name,))

    async def _installed(self, connection: psycopg.AsyncConnection) -> dict[str, int]:
        """Give the position of each projection that is installed in the version known here."""
        rows = await (await connection.execute(CHECKPOINTS)).fetchall()
        known = {name: follower.version for name, follower in self._followers.items()}
        return {name: position for name, position, version in rows if known.get(name) == version}

    async def _advance(self, connection: psycopg.AsyncConnection) -> bool:
        """Apply one batch to each group of projections that stand at the same position."""
        groups: dict[int, list[Held]] = {}
        for held in self._held.values():
            groups.setdefault(held.position, []).append(held)
        advanced = False
        for position, group in groups.items():
            page = await self._reader.page(
                position, self._batch_size, types=_topics(group), connection=connection
            )
            if page.position > position:
                await self._apply(connection, group, page)
                advanced = True
        return advanced

    async def _apply(
        self, connection: psycopg.AsyncConnection, group: Sequence[Held], page: LogPage
    ) -> None:
        """Apply a batch; what cannot be applied is narrowed down to one stream of a projection."""
        try:
            await self._apply_together(connection, group, page)
        except Exception as error:
            if isinstance(error, SupersededError) or is_passing(error) or not page.entries:
                raise
            if len(group) > 1:
                for held in group:
                    await self._apply(connection, [held], page)
            elif len(page.entries) > 1:
                for half in _halves(page):
                    await self._apply(connection, group, half)
            else:
                await self._park(connection, group[0], page.entries[0], error)
                await self._apply(connection, group, LogPage([], page.position, page.head))

    async def _apply_together(
        self, connection: psycopg.AsyncConnection, group: Sequence[Held], page: LogPage
    ) -> None:
        names = [held.follower.name for held in group]
        versions = [held.follower.version for held in group]
        async with connection.transaction():
            writes = [
                await _follow(connection, held.follower, list(_readable(held, page)))
                for held in group
            ]
            async with connection.pipeline():
                for write in writes:
                    await write()
                moved = await connection.execute(
                    MOVE_CHECKPOINTS,
                    (page.position, names, versions, group[0].position),
                    prepare=True,
                )
                await connection.execute(
                    NOTIFY, (PROJECTED_CHANNEL, page.position, names), prepare=True
                )
            if moved.rowcount != len(group):
                raise SupersededError
        for held in group:
            held.position = page.position
            self._signals.advance(held.follower.name, page.position)

    async def _park(
        self,
        connection: psycopg.AsyncConnection,
        held: Held,
        entry: Recorded[DomainEvent] | Unreadable,
        error: Exception,
    ) -> None:
        await park(connection, held.follower, entry, error)
        held.parked.add(entry.stream_id)
        log.error(
            "stream_parked",
            projection=held.follower.name,
            stream=entry.stream_id,
            position=entry.position,
            error=type(error).__name__,
        )


async def _follow(
    connection: psycopg.AsyncConnection, follower: Follower, events: list[Recorded[DomainEvent]]
) -> Callable[[], Awaitable[None]]:
    """Work out what follows from the events, and give what writes it."""
    if isinstance(follower, Subscription):
        jobs = [job for recorded in events for job in follower.jobs(recorded)]
        return lambda: enqueue_jobs(connection, jobs)
    rows = await load_rows(connection, follower, events)
    for recorded in events:
        follower.apply(recorded, rows)
    return lambda: save_rows(connection, follower, rows)


def _topics(group: Sequence[Held]) -> list[str] | None:
    topics: set[str] = set()
    for held in group:
        if held.follower.topics is None:
            return None
        topics |= held.follower.topics
    return sorted(topics)


def _readable(held: Held, page: LogPage) -> Iterator[Recorded[DomainEvent]]:
    """Give the events that the projection can follow.

    Raises CorruptEventError where one that it wants cannot be read.
    """
    wanted = held.follower.topics
    for entry in page.entries:
        if entry.stream_id in held.parked:
            continue
        if isinstance(entry, Recorded):
            yield entry
        elif wanted is None or entry.topic in wanted:
            raise entry.error


def _halves(page: LogPage) -> tuple[LogPage, LogPage]:
    middle = len(page.entries) // 2
    first, second = page.entries[:middle], page.entries[middle:]
    return (
        LogPage(first, first[-1].position, page.head),
        LogPage(second, page.position, page.head),
    )

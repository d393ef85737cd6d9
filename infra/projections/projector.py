"""The projector: one pass over the log feeds all projections that this process holds.

A projection is held by one process at a time, by an advisory lock of the projector's connection;
another process takes over as soon as that connection is gone. Changes of tables and checkpoint are
one transaction, so each event takes effect once. It commits asynchronously: after a crash of the
server, tables and checkpoint go back together, and the log is read again from there.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

import msgspec
import psycopg
import structlog

from domain.events import DomainEvent, Recorded
from infra.event_store.reader import LogPage, LogReader
from infra.postgres.signals import LOG_CHANNEL, PROJECTED_CHANNEL, Signals
from infra.projections.parking import park, parked_streams
from infra.projections.tables import load_rows, save_rows
from projections.projection import Projection

log = structlog.get_logger(__name__)

BATCH_SIZE = 1000
LOOK_AGAIN_SECONDS = 1.0
RETRY_SECONDS = 1.0

TRY_HOLD = """
SELECT name, pg_try_advisory_lock(4127304, hashtext(name)) FROM unnest(%s::text[]) AS name
"""

LET_GO = "SELECT pg_advisory_unlock(4127304, hashtext(%s))"

CHECKPOINT = "SELECT position, version FROM checkpoints WHERE projection = %s"

MOVE_CHECKPOINTS = """
UPDATE checkpoints SET position = %s, progress_at = now() WHERE projection = ANY(%s)
"""

NOTIFY = "SELECT pg_notify(%s, name || ':' || %s::bigint) FROM unnest(%s::text[]) AS name"


class Held(msgspec.Struct, eq=False):
    """A projection that this process holds, and how far it has read."""

    projection: Projection
    position: int
    parked: set[str]


class Projector:
    """Keeps the read models of one process up to date."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[psycopg.AsyncConnection]],
        reader: LogReader,
        signals: Signals,
        projections: Iterable[Projection],
        *,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self._connect = connect
        self._reader = reader
        self._signals = signals
        self._projections = {projection.name: projection for projection in projections}
        self._batch_size = batch_size
        self._held: dict[str, Held] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the projector's task."""
        task = asyncio.create_task(self._run(), name="projector")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

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
        await connection.execute("SET synchronous_commit TO off")
        looked_at = -LOOK_AGAIN_SECONDS
        while True:
            if time.monotonic() - looked_at >= LOOK_AGAIN_SECONDS:
                await self._hold_more(connection)
                looked_at = time.monotonic()
            if not await self._advance(connection):
                lowest = min((held.position for held in self._held.values()), default=0)
                await self._signals.wait_beyond(LOG_CHANNEL, lowest, LOOK_AGAIN_SECONDS)

    async def _hold_more(self, connection: psycopg.AsyncConnection) -> None:
        """Take up the projections that no process holds."""
        missing = [name for name in self._projections if name not in self._held]
        if not missing:
            return
        cursor = await connection.execute(TRY_HOLD, (missing,))
        for name in [name for name, held in await cursor.fetchall() if held]:
            projection = self._projections[name]
            row = await (await connection.execute(CHECKPOINT, (name,))).fetchone()
            if row is None or row[1] != projection.version:
                await connection.execute(LET_GO, (name,))
                continue
            parked = await parked_streams(connection, name)
            self._held[name] = Held(projection, row[0], parked)
            log.info("projection_held", projection=name, position=row[0])

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
        except psycopg.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way
            if len(group) > 1:
                for held in group:
                    await self._apply(connection, [held], page)
            elif len(page.events) > 1:
                for half in _halves(page):
                    await self._apply(connection, group, half)
            else:
                await self._park(connection, group[0], page.events[0], error)
                await self._apply(connection, group, LogPage([], page.position, page.head))

    async def _apply_together(
        self, connection: psycopg.AsyncConnection, group: Sequence[Held], page: LogPage
    ) -> None:
        names = [held.projection.name for held in group]
        async with connection.transaction():
            changed = []
            for held in group:
                projection = held.projection
                events = [e for e in page.events if e.stream_id not in held.parked]
                rows = await load_rows(connection, projection, events)
                for recorded in events:
                    projection.apply(recorded, rows)
                changed.append((projection, rows))
            async with connection.pipeline():
                for projection, rows in changed:
                    await save_rows(connection, projection, rows)
                await connection.execute(MOVE_CHECKPOINTS, (page.position, names), prepare=True)
                await connection.execute(
                    NOTIFY, (PROJECTED_CHANNEL, page.position, names), prepare=True
                )
        for held in group:
            held.position = page.position
            self._signals.advance(held.projection.name, page.position)

    async def _park(
        self,
        connection: psycopg.AsyncConnection,
        held: Held,
        recorded: Recorded[DomainEvent],
        error: Exception,
    ) -> None:
        await park(connection, held.projection.name, recorded, error)
        held.parked.add(recorded.stream_id)
        log.error(
            "stream_parked",
            projection=held.projection.name,
            stream=recorded.stream_id,
            position=recorded.position,
            error=type(error).__name__,
        )


def _topics(group: Sequence[Held]) -> list[str] | None:
    topics: set[str] = set()
    for held in group:
        if held.projection.topics is None:
            return None
        topics |= held.projection.topics
    return sorted(topics)


def _halves(page: LogPage) -> tuple[LogPage, LogPage]:
    middle = len(page.events) // 2
    first, second = page.events[:middle], page.events[middle:]
    return (
        LogPage(first, first[-1].position, page.head),
        LogPage(second, page.position, page.head),
    )

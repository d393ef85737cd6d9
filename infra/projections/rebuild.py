"""Making read models anew from the log, beside the live ones, in one pass for several of them.

Each projection is filled in a second schema with a checkpoint of its own, in large batches and
without the indexes that only queries need. At the head of the log these are made, the rest is
caught up, and the copies change places in one transaction. An interrupted rebuild goes on where its
checkpoint stands. Subscriptions are never rebuilt: what follows from an event is done once.
"""

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

import msgspec
import structlog
from psycopg import AsyncConnection

from application.projections.ports import RebuildProgress, RebuildStage
from domain.events import DomainEvent, Recorded
from infra.event_store.reader import LogPage, LogReader, Unreadable
from infra.projections.applying import Applying
from infra.projections.copies import (
    begin_copy,
    between_backups,
    forget_replaced,
    is_built,
    make_ready,
    note_stop,
    swap,
    take_turn,
)
from infra.projections.held import Copy, Held, hold, skipped_positions, skips
from infra.projections.installation import SupersededError
from infra.projections.parking import park, told_safely
from projections.projection import Projection

log = structlog.get_logger(__name__)

BATCH_SIZE = 10_000
PAGES_AHEAD = 2

# How far the copy may be behind when the live one is stopped for it.
WITHIN_REACH = 500

# Young garbage is looked for once a page or so: events and rows are free of cycles.
OBJECTS_BETWEEN_COLLECTIONS = 500_000

# Whatever the database allows to queries: an index of many rows takes its time.
NO_HURRY = "SET statement_timeout TO 0"

IS_PARKED = "SELECT FROM parked_streams WHERE projection = %s AND stream_id = %s AND copy = 'live'"

Told = Callable[[RebuildProgress], None]


class RebuildStoppedError(Exception):
    """An event cannot be applied; the live read model stays as it is."""


class SkippedMeanwhileError(Exception):
    """An operator skipped an event after the copy had passed it."""


class RebuildUnderWayError(Exception):
    """Another process makes the projection anew."""

    def __init__(self, projection: str) -> None:
        super().__init__(f"{projection} is being rebuilt by another process")


class Rebuilding(msgspec.Struct, eq=False):
    """A projection that is being made anew, over a connection of its own."""

    projection: Projection
    connection: AsyncConnection
    held: Held
    pages: asyncio.Queue[LogPage | None]
    passed: bool = False

    async def next_page(self) -> LogPage | None:
        """Give the next page of the pass over the log; behind its end None, however often."""
        page = None if self.passed else await self.pages.get()
        self.passed = page is None
        return page


class Rebuild:
    """Makes some projections anew. Nothing that is read is touched before it is done."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[AsyncConnection]],
        reader: LogReader,
        *,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self._connect = connect
        self._reader = reader
        self._batch_size = batch_size

    async def run(
        self,
        projections: Sequence[Projection],
        told: Told,
        *,
        restart: bool = False,
        parking: bool = False,
        only_missing: bool = False,
    ) -> None:
        """Make the projections anew, or go on with what was interrupted unless ``restart``.

        An event that cannot be applied stops its projection, unless its stream is parked in the
        live one too, or ``parking`` is allowed for all. Raises RebuildStoppedError then, once the
        others are done, and RebuildUnderWayError if another process is at it. With
        ``only_missing`` it is waited for, and what it has built is left as it is.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(_rare_collections())
            works = []
            for projection in projections:
                connection = await stack.enter_async_context(await self._connect())
                await connection.execute(NO_HURRY)
                if not await take_turn(connection, projection, waiting=only_missing):
                    raise RebuildUnderWayError(projection.name)
                if only_missing and await is_built(connection, projection):
                    continue
                works.append(await self._begin(connection, projection, restart=restart))
            stopped = await self._work(works, told, parking=parking) if works else []
        if stopped:
            raise RebuildStoppedError("; ".join(str(error) for error in stopped))

    async def _begin(
        self, connection: AsyncConnection, projection: Projection, *, restart: bool
    ) -> Rebuilding:
        held = await self._hold(connection, projection, restart=restart)
        return Rebuilding(projection, connection, held, asyncio.Queue(PAGES_AHEAD))

    async def _hold(
        self, connection: AsyncConnection, projection: Projection, *, restart: bool
    ) -> Held:
        """Take up the copy where it stands, unless it passed an event that was skipped later."""
        position = await begin_copy(connection, projection, restart=restart)
        decided = await skips(self._reader, projection.name)
        if any(skipped <= position < at for skipped, at in decided.items()):
            position = await begin_copy(connection, projection, restart=True)
        return await hold(
            connection,
            self._reader,
            projection,
            position=position,
            revision=0,
            copy=Copy.REBUILD,
        )

    async def _work(
        self, works: Sequence[Rebuilding], told: Told, *, parking: bool
    ) -> list[RebuildStoppedError]:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(works))
                tasks = [
                    group.create_task(self._rebuild(work, told, parking=parking)) for work in works
                ]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        return [error for task in tasks if (error := task.result()) is not None]

    async def _read(self, works: Sequence[Rebuilding]) -> None:
        """Read the log once for all, a few pages ahead of the slowest."""
        position = min(work.held.position for work in works)
        async for page in self._reader.after(position, size=self._batch_size):
            for work in works:
                await work.pages.put(page)
        for work in works:
            await work.pages.put(None)

    async def _rebuild(
        self, work: Rebuilding, told: Told, *, parking: bool
    ) -> RebuildStoppedError | None:
        try:
            await self._fill(work, told, parking=parking)
        except RebuildStoppedError as error:
            stopped = error
        except SupersededError:
            name = work.projection.name
            stopped = RebuildStoppedError(f"{name} was restored or removed meanwhile; try again")
        else:
            return None
        await note_stop(work.connection, work.projection, str(stopped))
        while await work.next_page() is not None:
            pass
        return stopped

    async def _fill(self, work: Rebuilding, told: Told, *, parking: bool) -> None:
        at_a_loss = partial(_park_or_stop, work.connection, parking)
        applying = Applying(work.connection, self._reader, at_a_loss)
        while (page := await work.next_page()) is not None:
            if page.position > work.held.position:
                await applying.apply([work.held], _beyond(page, work.held.position))
            told(_progress(work, RebuildStage.FILLING, page.head))
        while not await self._take_its_place(work, applying, told):
            work.held = await self._hold(work.connection, work.projection, restart=True)
        told(_progress(work, RebuildStage.DONE, work.held.position))
        log.info("projection_rebuilt", projection=work.projection.id, position=work.held.position)

    async def _take_its_place(self, work: Rebuilding, applying: Applying, told: Told) -> bool:
        """Swap; or tell that something was skipped meanwhile that the copy knows nothing of."""
        told(_progress(work, RebuildStage.INDEXING, work.held.position))
        await make_ready(work.connection, work.projection)
        async with between_backups(work.connection):
            head = await self._catch_up(work, applying)
            told(_progress(work, RebuildStage.SWAPPING, head))

            async def catch_up(live: int) -> None:
                await self._catch_up(work, applying, to=max(live, head))
                if await skipped_positions(self._reader, work.projection.name) != work.held.skipped:
                    raise SkippedMeanwhileError

            try:
                await swap(work.connection, work.projection, catch_up)
            except SkippedMeanwhileError:
                return False
            await forget_replaced(work.connection, work.projection)
        return True

    async def _catch_up(self, work: Rebuilding, applying: Applying, to: int | None = None) -> int:
        """Apply what was recorded meanwhile, up to a position or close to the head; give that."""
        while True:
            page = await self._reader.page(
                work.held.position, self._batch_size, connection=work.connection
            )
            goal = page.head - WITHIN_REACH if to is None else to
            if work.held.position >= goal:
                return page.head
            await applying.apply([work.held], page)


async def _park_or_stop(
    connection: AsyncConnection,
    parking: bool,
    held: Held,
    entry: Recorded[DomainEvent] | Unreadable,
    error: Exception,
) -> None:
    cursor = await connection.execute(IS_PARKED, (held.follower.name, entry.stream_id))
    if not (parking or cursor.rowcount):
        raise RebuildStoppedError(
            f"{held.follower.name} stopped at position {entry.position}, {entry.topic} in "
            f"{entry.stream_id}: {told_safely(entry, error)}"
        ) from error
    await park(connection, held, entry, error)


def _beyond(page: LogPage, position: int) -> LogPage:
    """Leave out what a projection that is ahead of the others has applied already."""
    entries = [entry for entry in page.entries if entry.position > position]
    return LogPage(entries, page.position, page.head)


def _progress(work: Rebuilding, stage: RebuildStage, head: int) -> RebuildProgress:
    return RebuildProgress(
        projection=work.projection.name,
        version=work.projection.version,
        stage=stage,
        position=work.held.position,
        head=head,
        parked_streams=len(work.held.parked),
    )


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for cyclic garbage rarely; halves the time that decoding takes."""
    usual = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)

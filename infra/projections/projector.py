"""The projector: one pass over the log feeds all projections that this process holds.

A projection is held by one process at a time, by an advisory lock of the projector's connection;
another process takes over as soon as that connection is gone. Changes of tables and checkpoint are
one transaction, so each event takes effect once. A subscription is held as a projection is, and
jobs take the place of tables.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial

import msgspec
import psycopg
import structlog
from psycopg.sql import SQL

from infra.cancellation import cancelled_for_good
from infra.event_store.reader import LogReader
from infra.postgres.signals import LOG_CHANNEL, Signals
from infra.projections.applying import Applying
from infra.projections.follower import Follower
from infra.projections.held import Held, hold
from infra.projections.installation import SupersededError
from infra.projections.parking import park

log = structlog.get_logger(__name__)

BATCH_SIZE = 1000
LOOK_AGAIN_SECONDS = 1.0
RETRY_SECONDS = 1.0

# A moment between batches: under load, more events gather for the next transaction.
GATHER_SECONDS = 0.002

# A process that does not even look around for so long has been stopped, and loses what it holds.
STOPPED = "60s"

TRY_HOLD = """
SELECT id, pg_try_advisory_lock(4127304, hashtext(id)) FROM unnest(%s::text[]) AS id
"""

LET_GO = "SELECT pg_advisory_unlock(4127304, hashtext(%s))"

LET_GO_OF_ALL = "SELECT pg_advisory_unlock_all()"

CHECKPOINTS = """
SELECT projection, version, position, revision FROM checkpoints WHERE copy = 'live'
"""


class Standing(msgspec.Struct, frozen=True):
    """Where the checkpoint of a follower stands."""

    position: int
    revision: int


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
        self._followers = {follower.id: follower for follower in followers}
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
        applying = Applying(connection, self._reader, partial(park, connection))
        looked_at = -LOOK_AGAIN_SECONDS
        while True:
            heard = self._signals.position(LOG_CHANNEL)
            try:
                if time.monotonic() - looked_at >= LOOK_AGAIN_SECONDS:
                    await self._look_around(connection)
                    looked_at = time.monotonic()
                advanced = await self._advance(applying, connection)
            except SupersededError:
                # Rebuilt, retried or installed anew by somebody else: take it up as it is now.
                await connection.execute(LET_GO_OF_ALL)
                self._held.clear()
                looked_at = -LOOK_AGAIN_SECONDS
            else:
                if advanced:
                    await asyncio.sleep(GATHER_SECONDS)
                else:
                    await self._signals.wait_beyond(LOG_CHANNEL, heard, LOOK_AGAIN_SECONDS)

    async def _look_around(self, connection: psycopg.AsyncConnection) -> None:
        """Take up the followers that no process holds, if they are installed in this version.

        Raises SupersededError if one that this process holds is no longer as it is held.
        """
        installed = await self._installed(connection)
        for id_, held in self._held.items():
            if id_ not in installed or installed[id_].revision != held.revision:
                raise SupersededError
        missing = [id_ for id_ in installed if id_ not in self._held]
        if not missing:
            return
        cursor = await connection.execute(TRY_HOLD, (missing,))
        taken = [id_ for id_, held in await cursor.fetchall() if held]
        installed = await self._installed(connection)  # as it is since nobody else holds them
        for id_ in taken:
            if id_ in installed:
                at = installed[id_]
                self._held[id_] = await hold(
                    connection,
                    self._reader,
                    self._followers[id_],
                    position=at.position,
                    revision=at.revision,
                )
                log.info("projection_held", projection=id_, position=at.position)
            else:
                await connection.execute(LET_GO, (id_,))

    async def _installed(self, connection: psycopg.AsyncConnection) -> dict[str, Standing]:
        """Tell where each follower stands that is installed in the version known here."""
        rows = await (await connection.execute(CHECKPOINTS)).fetchall()
        ids = {(f.name, f.version): id_ for id_, f in self._followers.items()}
        return {
            ids[name, version]: Standing(position, revision)
            for name, version, position, revision in rows
            if (name, version) in ids
        }

    async def _advance(self, applying: Applying, connection: psycopg.AsyncConnection) -> bool:
        """Apply one batch to each group of followers that stand at the same position."""
        groups: dict[int, list[Held]] = {}
        for held in self._held.values():
            groups.setdefault(held.position, []).append(held)
        advanced = False
        for position, group in groups.items():
            page = await self._reader.page(
                position, self._batch_size, types=topics_of(group), connection=connection
            )
            if page.position > position:
                await applying.apply(group, page)
                for held in group:
                    self._signals.advance(held.follower.id, held.position)
                advanced = True
        return advanced


def topics_of(group: Sequence[Held]) -> list[str] | None:
    """Give the event types that some followers read; None means all."""
    topics: set[str] = set()
    for held in group:
        if held.follower.topics is None:
            return None
        topics |= held.follower.topics
    return sorted(topics)

"""Starts and ends projectors, each with connections of its own as in a process of its own."""

import contextlib
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import psycopg
from psycopg.sql import SQL, Identifier

from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from infra.event_store.observer import LogObserver
from infra.event_store.reader import LogReader
from infra.postgres.connections import connection_pool, connector
from infra.postgres.signals import Signals
from infra.projections.follower import Follower
from infra.projections.freshness import LogFreshness
from infra.projections.installation import install
from infra.projections.projector import BATCH_SIZE, Projector
from projections.projection import Projection, versioned
from tests.infra.event_store.opening import rows, until_so
from tests.infra.event_store.thing import BY_TEST, Thing
from tests.infra.projections.thing_projection import thing_projection

KILL = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE application_name = %s AND datname = current_database()
"""


class Process:
    """What one process has of projections."""

    def __init__(
        self, name: str, signals: Signals, observer: LogObserver, known: Iterable[Projection]
    ) -> None:
        self.name = name
        self.signals = signals
        self.freshness = LogFreshness(observer, signals, known)
        self._stack = contextlib.AsyncExitStack()

    async def stop(self) -> None:
        """End the process in good order."""
        await self._stack.aclose()

    async def kill(self, sql: psycopg.AsyncConnection, purpose: str = "projector") -> None:
        """Break the connection of its projector, or of what else has that purpose."""
        assert await self.broken(sql, purpose)

    async def broken(self, sql: psycopg.AsyncConnection, purpose: str = "projector") -> int:
        """Break the connections with that purpose, if there are any now: how many there were."""
        return len(await rows(sql, KILL, f"annals {self.name} {purpose}"))


class Projecting:
    """Starts projectors over one database and ends them all."""

    def __init__(self, conninfo: str, ring: Keyring) -> None:
        self._conninfo = conninfo
        self._ring = ring
        self._processes: list[Process] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            await process.stop()

    async def start(
        self,
        *followers: Follower,
        installing: bool = True,
        listening: bool = True,
        batch_size: int = BATCH_SIZE,
        ring: Keyring | None = None,
    ) -> Process:
        """Start a process with a projector of these projections and subscriptions."""
        if installing:
            install(self._conninfo, followers)
        name = f"process {len(self._processes)}"
        signals = Signals(connector(self._conninfo, f"{name} signals"))
        pool = connection_pool(self._conninfo, 2)
        observer = LogObserver(pool)
        known = [f for f in followers if isinstance(f, Projection)] or [thing_projection()]
        process = Process(name, signals, observer, known)
        self._processes.append(process)
        enter = process._stack.enter_async_context
        await enter(pool)
        await enter(observer.running())
        if listening:
            await enter(signals.running())
        projector = Projector(
            connector(self._conninfo, f"{name} projector"),
            LogReader(pool, ring or self._ring),
            signals,
            followers,
            batch_size=batch_size,
        )
        await enter(projector.running())
        return process


async def caught_up(sql: psycopg.AsyncConnection, *names: str) -> None:
    """Wait until the projections have read the whole log."""
    behind = """
    SELECT FROM log_head
    WHERE position > ALL (SELECT position FROM checkpoints WHERE projection = ANY(%s))
       OR position > ANY (SELECT position FROM checkpoints WHERE projection = ANY(%s))
    """

    async def none_behind() -> bool:
        return not await rows(sql, behind, list(names), list(names))

    await until_so(none_behind)


async def shown(
    sql: psycopg.AsyncConnection, name: str = "things", *, version: int = 1
) -> list[tuple[object, ...]]:
    """Tell which things a read model shows: id, owner, and number of notes."""
    query = SQL("SELECT id, owner, notes FROM {}.things ORDER BY id").format(
        Identifier(versioned(name, version))
    )
    return await (await sql.execute(query)).fetchall()


async def note(log: EventStoreParts, key: int | str, *notes: str) -> None:
    """Note something of a thing, in one command; makes the thing if there is none."""
    stream = await log.reader.stream(Thing.stream_id(key))
    thing = await log.store.load(Thing, key) if stream else Thing.make(key)
    for text in notes:
        thing.note(text)
    await log.store.save(thing, metadata=BY_TEST)

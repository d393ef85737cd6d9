"""Puts the event store's parts together over one database."""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection

from psycopg_pool import AsyncConnectionPool

from infra.event_store.committer import Committer, OnErased
from infra.event_store.keys import Keyring
from infra.event_store.metering import AppendMeter, Unmetered
from infra.event_store.observer import LogObserver
from infra.event_store.reader import LogReader
from infra.event_store.snapshots import Snapshots
from infra.event_store.store import PostgresEventStore
from infra.event_store.subjects import SubjectKeys
from infra.postgres.connections import connector


async def note_nowhere(_: Collection[str]) -> None:
    """Note erasures nowhere: for a store that nobody erases through."""


class EventStoreParts:
    """The event store with the reader, observer and committer that it is made of."""

    def __init__(
        self,
        conninfo: str,
        pool: AsyncConnectionPool,
        keyring: Keyring,
        on_commit: Callable[[int], None],
        *,
        on_erased: OnErased = note_nowhere,
        meter: AppendMeter | None = None,
    ) -> None:
        meter = meter or Unmetered()
        self.reader = LogReader(pool, keyring)
        self.observer = LogObserver(pool)
        self.committer = Committer(
            connector(conninfo, "committer"), keyring, on_commit, on_erased, meter
        )
        self.store = PostgresEventStore(
            self.reader,
            self.committer,
            self.observer,
            Snapshots(pool, keyring),
            SubjectKeys(pool, keyring),
            on_erased=on_erased,
            meter=meter,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["EventStoreParts"]:
        """Run the tasks of the store; on leaving, what was handed over is recorded first."""
        async with self.observer.running(), self.committer.running():
            yield self

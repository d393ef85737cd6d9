"""What every process stands on: its connections, the event store, what watches the log."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from psycopg_pool import AsyncConnectionPool

from application.configuration.current import CurrentConfiguration
from application.games.aliases import CurrentAliases
from infra.backups.ledger import ErasureNotes
from infra.backups.ledger_file import LedgerFile
from infra.documents.aliases import shipped_aliases
from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from infra.metrics.exposition import PrometheusMetrics
from infra.metrics.meter import PrometheusMeter
from infra.postgres.connections import connection_pool, connector
from infra.postgres.identifiers import PostgresIdentifiers
from infra.postgres.signals import LOG_CHANNEL, Signals
from infra.projections.freshness import LogFreshness
from infra.projections.installation import read_versions
from infra.projections.parked import PostgresParkedStreams
from infra.projections.status import PostgresProjectionStatuses
from infra.settings import Settings
from interfaces.composition.catalogue import FOLLOWERS, PROJECTIONS
from interfaces.composition.opening import keyring

POOL_SIZE = 10


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What all features are built on."""

    settings: Settings
    conninfo: str
    ring: Keyring
    pool: AsyncConnectionPool
    signals: Signals
    meter: PrometheusMeter
    metrics: PrometheusMetrics
    statuses: PostgresProjectionStatuses
    event_store: EventStoreParts
    identifiers: PostgresIdentifiers
    freshness: LogFreshness
    parked_streams: PostgresParkedStreams
    configuration: CurrentConfiguration
    aliases: CurrentAliases

    @property
    def user_agent(self) -> str:
        """How Annals names itself where it calls others."""
        return f"annals/{version('annals')}"


@contextlib.asynccontextmanager
async def foundation(
    settings: Settings, conninfo: str, *, lasting: bool
) -> AsyncIterator[Foundation]:
    """Lay the foundation; a lasting one also completes what the erasure ledger lacks."""
    ring = keyring(settings)
    pool = connection_pool(conninfo, POOL_SIZE)
    signals = Signals(
        connector(conninfo, "signals"),
        on_connected=partial(read_versions, ids=[projection.id for projection in PROJECTIONS]),
        on_lost=pool.check,
    )
    meter = PrometheusMeter()
    statuses = PostgresProjectionStatuses(pool, FOLLOWERS)
    metrics = PrometheusMetrics(meter, pool, statuses, version("annals"))
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(pool)
        await stack.enter_async_context(metrics.running())
        await stack.enter_async_context(signals.running())
        notes = ErasureNotes(LedgerFile(settings.backups), pool)
        if lasting:
            await stack.enter_async_context(notes.completing())
        event_store = EventStoreParts(
            conninfo,
            pool,
            ring,
            on_commit=lambda position: signals.advance(LOG_CHANNEL, position),
            on_erased=notes.note,
            meter=meter,
        )
        await stack.enter_async_context(event_store.running())
        identifiers = PostgresIdentifiers(pool)
        await stack.enter_async_context(identifiers.running())
        yield Foundation(
            settings=settings,
            conninfo=conninfo,
            ring=ring,
            pool=pool,
            signals=signals,
            meter=meter,
            metrics=metrics,
            statuses=statuses,
            event_store=event_store,
            identifiers=identifiers,
            freshness=LogFreshness(event_store.observer, signals, FOLLOWERS),
            parked_streams=PostgresParkedStreams(
                connector(conninfo, "parked streams"), event_store.reader, FOLLOWERS
            ),
            configuration=CurrentConfiguration(
                event_store.store, {"security": {"max_file_size_mb": settings.max_file_size_mb}}
            ),
            aliases=CurrentAliases(event_store.store, shipped_aliases()),
        )

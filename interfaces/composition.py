"""The composition root: the one place where ports meet what implements them."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from importlib.metadata import version
from typing import Literal
from uuid import uuid4

from application.identity.authentication import Authenticator
from application.identity.bootstrap import FirstAdmin, Generated, bootstrap
from application.metadata import by_system
from application.ports import KeyInventory, Rotation
from application.runs.neutralization import sweep
from application.runs.rerunning import rerunning, reruns
from application.runs.sweeping import retention_sweep
from application.subscription import Subscription
from infra.audit_log.log import PostgresAuditLog
from infra.erasures.ledger import PostgresErasureLedger
from infra.erasures.scan import PostgresErasureScanner
from infra.event_store.archive import PostgresEventArchive
from infra.event_store.assembly import EventStoreParts
from infra.event_store.claims import PostgresClaimRegister
from infra.event_store.errors import MasterKeyError
from infra.event_store.inventory import take_inventory
from infra.event_store.keys import KeyFile, Keyring, decode_master_key
from infra.event_store.rotation import establish_master_key, rotate
from infra.event_store.tail import PostgresEventTail
from infra.event_store.verification import PostgresChainVerifier
from infra.identity.directory import LoggedUsers, ProjectedApiKeys
from infra.identity.passwords import Argon2Passwords
from infra.identity.throttle import MovingWindowThrottle
from infra.identity.tokens import JwtTokens, kept_secret
from infra.identity.usage import PostgresUsageCounter
from infra.jobs.housekeeping import housekeeping
from infra.jobs.queue import PostgresJobQueue
from infra.jobs.schema import migrate_jobs
from infra.jobs.worker import JobWorker
from infra.keyed_hash import HmacSha256
from infra.metrics.exposition import PrometheusMetrics
from infra.metrics.meter import PrometheusMeter
from infra.postgres.connections import connection_pool, connector
from infra.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from infra.postgres.identifiers import PostgresIdentifiers
from infra.postgres.migrations import SchemaTooNewError, migrate
from infra.postgres.revival import revived
from infra.postgres.signals import LOG_CHANNEL, Signals
from infra.projections.follower import Follower
from infra.projections.freshness import LogFreshness
from infra.projections.installation import install
from infra.projections.projector import Projector
from infra.projections.status import PostgresProjectionStatuses
from infra.rate_limits.counters import open_counters
from infra.rate_limits.limiter import MovingWindowRateLimits
from infra.reruns.endpoint import HttpRerunEndpoint
from infra.secret_file import SecretFile
from infra.settings import SettingError, Settings
from infra.signing import Ed25519Signer, SigningKeyError, decode_signing_key, kept_signing_key
from infra.vitals import MachineVitals
from interfaces.services import Services
from projections.history.projection import history
from projections.history.queries import HistoryQueries
from projections.identity.api_keys import api_keys
from projections.identity.queries import IdentityQueries
from projections.identity.users import users
from projections.processes.projection import processes
from projections.processes.queries import ProcessQueries
from projections.runs.projection import runs
from projections.runs.queries import RunQueries
from projections.runs.retention import RetentionQueries

# What keeps Annals from starting, each with a message for the operator.
START_ERRORS = (
    SettingError,
    EmbeddedPostgresError,
    SchemaTooNewError,
    MasterKeyError,
    SigningKeyError,
)

PROJECTIONS = (processes, runs, users, api_keys, history)

SUBSCRIPTIONS: tuple[Subscription, ...] = (reruns,)

FOLLOWERS: tuple[Follower, ...] = (*PROJECTIONS, *SUBSCRIPTIONS)

POOL_SIZE = 10

Part = Literal["api", "projections", "jobs"]

PARTS: tuple[Part, ...] = ("api", "projections", "jobs")


def key_file(settings: Settings) -> KeyFile | None:
    """Give the file of the master key; None where the environment has the key."""
    if settings.annals_master_key is not None:
        return None
    return KeyFile(settings.annals_home / "master.key")


def keyring(settings: Settings) -> Keyring:
    """Give the master keys at hand."""
    file = key_file(settings)
    if file is not None:
        return Keyring(file.read)
    given = (settings.annals_master_key, settings.annals_master_key_previous)
    keys = [decode_master_key(key) for key in given if key is not None]
    return Keyring(lambda: keys)


@contextlib.contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """Give the database to connect to, migrated and with its projections installed.

    Raises EmbeddedPostgresError, SchemaTooNewError, MasterKeyError or psycopg.OperationalError.
    """
    settings.annals_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        conninfo = settings.database_url
        if conninfo is None:
            conninfo = stack.enter_context(EmbeddedPostgres(settings.annals_home)).url
        migrate(conninfo)
        migrate_jobs(conninfo)
        establish_master_key(conninfo, keyring(settings))
        install(conninfo, FOLLOWERS)
        yield conninfo


@contextlib.asynccontextmanager
async def join_database(settings: Settings) -> AsyncIterator[str]:
    """Give the opened database to a process that serves on it; one that dies is brought back."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.annals_home) as server:
        async with revived(server):
            yield server.url


@contextlib.asynccontextmanager
async def compose(
    settings: Settings, conninfo: str, parts: frozenset[Part] = frozenset(PARTS)
) -> AsyncIterator[Services]:
    """Put everything together and keep its tasks running."""
    ring = keyring(settings)
    pool = connection_pool(conninfo, POOL_SIZE)
    signals = Signals(connector(conninfo, "signals"), on_lost=pool.check)
    meter = PrometheusMeter()
    statuses = PostgresProjectionStatuses(pool)
    metrics = PrometheusMetrics(meter, pool, statuses, version("annals"))
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(pool)
        await stack.enter_async_context(metrics.running())
        await stack.enter_async_context(signals.running())
        event_store = EventStoreParts(
            conninfo,
            pool,
            ring,
            on_commit=lambda position: signals.advance(LOG_CHANNEL, position),
            meter=meter,
        )
        await stack.enter_async_context(event_store.running())
        identifiers = PostgresIdentifiers(pool)
        await stack.enter_async_context(identifiers.running())
        usage = PostgresUsageCounter(pool)
        await stack.enter_async_context(usage.running())
        audit_log = PostgresAuditLog(pool)
        await stack.enter_async_context(audit_log.running())
        vitals = MachineVitals(pool, settings.redis_url, settings.annals_home)
        stack.push_async_callback(vitals.close)
        if "projections" in parts:
            projector = Projector(
                connector(conninfo, "projector"), event_store.reader, signals, FOLLOWERS
            )
            await stack.enter_async_context(projector.running())
        freshness = LogFreshness(event_store.observer, signals)
        retention = RetentionQueries(pool)

        async def sweep_retention() -> None:
            by_sweep = by_system(f"retention-sweep-{uuid4()}")
            await sweep(event_store.store, freshness, retention, by_sweep)

        if "jobs" in parts:
            duties = [
                *housekeeping(pool, audit_log_days=settings.audit_log_days),
                retention_sweep(sweep_retention, settings.retention_sweep_cron),
                rerunning(event_store.store, HttpRerunEndpoint(f"annals/{version('annals')}")),
            ]
            worker = JobWorker(conninfo, duties, concurrency=settings.job_concurrency)
            await stack.enter_async_context(worker.running())
        identity = IdentityQueries(pool)
        counters = await stack.enter_async_context(open_counters(settings.redis_url))
        secret = _jwt_secret(settings)
        tokens = JwtTokens(secret, timedelta(hours=settings.jwt_expiration_hours))
        yield Services(
            store=event_store.store,
            claims=PostgresClaimRegister(pool),
            identifiers=identifiers,
            tail=PostgresEventTail(event_store.reader, signals),
            archive=PostgresEventArchive(pool, event_store.reader),
            verifier=PostgresChainVerifier(pool),
            erasures=PostgresErasureLedger(pool),
            erasure_scanner=PostgresErasureScanner(
                pool,
                ring,
                freshness,
                PROJECTIONS,
                home=settings.annals_home if settings.database_url is None else None,
            ),
            freshness=freshness,
            projection_statuses=statuses,
            vitals=vitals,
            meter=meter,
            metrics=metrics,
            keyed_hash=HmacSha256(secret),
            signer=Ed25519Signer(_signing_key(settings)),
            jobs=PostgresJobQueue(pool),
            authenticator=Authenticator(
                event_store.store, tokens, ProjectedApiKeys(identity, freshness)
            ),
            passwords=Argon2Passwords(),
            tokens=tokens,
            throttle=MovingWindowThrottle(counters),
            usage=usage,
            audit_log=audit_log,
            rate_limiter=MovingWindowRateLimits(counters),
            processes=ProcessQueries(pool),
            runs=RunQueries(pool),
            retention=retention,
            history=HistoryQueries(pool),
            identity=identity,
        )


async def let_first_admin_in(settings: Settings, conninfo: str) -> Generated | None:
    """Let the first admin in, on the first start on an empty store."""
    async with connection_pool(conninfo, 2) as pool:
        event_store = EventStoreParts(conninfo, pool, keyring(settings), on_commit=lambda _: None)
        identifiers = PostgresIdentifiers(pool)
        async with event_store.running(), identifiers.running():
            return await bootstrap(
                event_store.store,
                LoggedUsers(event_store.reader),
                identifiers,
                Argon2Passwords(),
                first=FirstAdmin(
                    username=settings.admin_username,
                    password=settings.admin_password,
                    api_key=settings.admin_api_key,
                ),
                metadata=by_system(f"first-start-{uuid4()}"),
            )


def rotate_master_key(settings: Settings) -> Iterator[Rotation]:
    """Wrap every data key anew; tells how far it has come. Raises what open_database raises."""
    with open_database(settings) as conninfo:
        yield from rotate(conninfo, keyring(settings), key_file(settings))


def key_inventory(settings: Settings) -> KeyInventory:
    """Tell which master keys wrap the data keys. Raises what open_database raises."""
    with open_database(settings) as conninfo:
        return take_inventory(conninfo, keyring(settings))


def _jwt_secret(settings: Settings) -> str:
    return settings.jwt_secret_key or kept_secret(settings.annals_home / "jwt.key")


def _signing_key(settings: Settings) -> bytes:
    if settings.annals_signing_key is not None:
        return decode_signing_key(settings.annals_signing_key)
    return kept_signing_key(SecretFile(settings.annals_home / "signing.key"))

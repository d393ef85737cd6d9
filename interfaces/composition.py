"""The composition root: the one place where ports meet what implements them."""

import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from uuid import uuid4

import psycopg

from application.backups import Backup, BackupProgress, Restored
from application.diagnosis import Finding, Verdict
from application.identity.authentication import Authenticator
from application.identity.bootstrap import FirstAdmin, Generated, bootstrap
from application.live import LiveLog, Seats
from application.metadata import by_system
from application.outward import OutwardCatalogue
from application.ports import KeyInventory, Rotation
from application.processes.outward import process_events
from application.projections.rebuilding import rebuilding
from application.runs.neutralization import sweep
from application.runs.outward import run_events
from application.runs.rerunning import rerunning, reruns
from application.runs.sweeping import retention_sweep
from application.subscription import Subscription
from application.system.outward import system_events
from application.system.reporting import REPORT_FAULTS, fault_reporting
from infra.audit_log.log import PostgresAuditLog
from infra.backups.dumping import back_up, backups, prune
from infra.backups.ledger import ErasureNotes, reconcile
from infra.backups.ledger_file import LedgerError, LedgerFile
from infra.backups.reapplication import Reapplied
from infra.backups.restoring import count_events, has_log, inspect, restore
from infra.diagnosis.database import DATABASE_CHECKS
from infra.diagnosis.machine import MACHINE_CHECKS
from infra.diagnosis.patient import Patient, examine, examine_database
from infra.erasures.ledger import PostgresErasureLedger
from infra.erasures.scan import PostgresErasureScanner
from infra.event_store.archive import PostgresEventArchive
from infra.event_store.assembly import EventStoreParts
from infra.event_store.claims import PostgresClaimRegister
from infra.event_store.errors import MasterKeyError
from infra.event_store.inventory import take_inventory
from infra.event_store.keys import KeyFile, Keyring
from infra.event_store.reader import LogReader
from infra.event_store.rotation import establish_master_key, rotate
from infra.event_store.tail import PostgresEventTail, live_log_failed
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
from infra.postgres.cluster import has_cluster
from infra.postgres.connections import SESSION, connection_pool, connector
from infra.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from infra.postgres.identifiers import PostgresIdentifiers
from infra.postgres.migrations import SchemaTooNewError, migrate
from infra.postgres.revival import revived
from infra.postgres.signals import LOG_CHANNEL, Signals
from infra.projections.follower import Follower
from infra.projections.freshness import LogFreshness
from infra.projections.installation import install, read_versions, to_be_built
from infra.projections.leftovers import remove_leftovers
from infra.projections.parked import PostgresParkedStreams
from infra.projections.projector import Projector
from infra.projections.rebuild import Rebuild, RebuildStoppedError, RebuildUnderWayError, Told
from infra.projections.rebuild_process import RebuildProcess
from infra.projections.status import PostgresProjectionStatuses
from infra.rate_limits.counters import open_counters
from infra.rate_limits.limiter import MovingWindowRateLimits
from infra.reruns.endpoint import HttpRerunEndpoint
from infra.secret_file import SecretFile
from infra.secret_key import decode_key
from infra.settings import SettingError, Settings, load_settings
from infra.signing import Ed25519Signer, SigningKeyError, kept_signing_key
from infra.system.faults import PostgresFaults
from infra.vitals import MachineVitals
from infra.webhooks.addresses import CheckedAddresses
from infra.webhooks.client import HttpWebhookClient
from infra.webhooks.deliveries import PostgresDeliveries
from infra.webhooks.outbox import Outbox
from infra.webhooks.queue import DeliveryQueue
from infra.webhooks.sender import SendingPolicy, WebhookSender
from interfaces.services import Services
from interfaces.telling import Telling
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
from projections.webhooks.projection import webhooks
from projections.webhooks.queries import WebhookQueries

# What keeps Annals from starting, each with a message for the operator.
START_ERRORS = (
    SettingError,
    EmbeddedPostgresError,
    SchemaTooNewError,
    MasterKeyError,
    SigningKeyError,
    RebuildStoppedError,
    RebuildUnderWayError,
    LedgerError,
)

PROJECTIONS = (processes, runs, users, api_keys, webhooks, history)

# All that outsiders can be told of.
OUTWARD = OutwardCatalogue(process_events, run_events, system_events)

SUBSCRIPTIONS: tuple[Subscription, ...] = (reruns, Outbox(OUTWARD))

FOLLOWERS: tuple[Follower, ...] = (*PROJECTIONS, *SUBSCRIPTIONS)

POOL_SIZE = 10

REBUILD = (sys.executable, "-m", "interfaces.cli.main", "projections", "rebuild", "--json")

Part = Literal["api", "projections", "jobs", "webhooks"]

PARTS: tuple[Part, ...] = ("api", "projections", "jobs", "webhooks")


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
    keys = [decode_key(key) for key in given if key is not None]
    return Keyring(lambda: keys)


@contextlib.contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """Give the database to connect to, migrated and with its projections installed.

    One that is not there in its version, though there are events for it, is left to be built. What
    the erasure ledger has and the database has not, as after the restore of an older backup,
    is erased again first. Raises EmbeddedPostgresError, SchemaTooNewError, MasterKeyError,
    LedgerError or psycopg.OperationalError.
    """
    with reach_database(settings) as conninfo:
        _prepare(settings, conninfo)
        yield conninfo


@contextlib.contextmanager
def reach_database(settings: Settings) -> Iterator[str]:
    """Give the database as it is. Raises EmbeddedPostgresError."""
    settings.annals_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        conninfo = settings.database_url
        if conninfo is None:
            conninfo = stack.enter_context(EmbeddedPostgres(settings.annals_home)).url
        yield conninfo


def _prepare(settings: Settings, conninfo: str) -> Reapplied:
    ring = keyring(settings)
    migrate(conninfo)
    migrate_jobs(conninfo)
    establish_master_key(conninfo, ring)
    unbuilt = to_be_built(conninfo, PROJECTIONS)
    install(conninfo, [follower for follower in FOLLOWERS if follower not in unbuilt])
    return reconcile(conninfo, ring, LedgerFile(settings.backups))


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
        if parts:
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
        freshness = LogFreshness(event_store.observer, signals, FOLLOWERS)
        retention = RetentionQueries(pool)

        parked_streams = PostgresParkedStreams(
            connector(conninfo, "parked streams"), event_store.reader, FOLLOWERS
        )

        async def sweep_retention() -> None:
            by_sweep = by_system(f"retention-sweep-{uuid4()}")
            await sweep(event_store.store, freshness, retention, parked_streams, by_sweep)

        if "jobs" in parts:
            duties = [
                *housekeeping(
                    pool,
                    partial(remove_leftovers, conninfo, PROJECTIONS),
                    audit_log_days=settings.audit_log_days,
                ),
                retention_sweep(sweep_retention, settings.retention_sweep_cron),
                rebuilding(RebuildProcess(REBUILD)),
                fault_reporting(event_store.store, PostgresFaults(pool, unless=REPORT_FAULTS.name)),
                rerunning(event_store.store, HttpRerunEndpoint(f"annals/{version('annals')}")),
            ]
            worker = JobWorker(conninfo, duties, concurrency=settings.job_concurrency)
            await stack.enter_async_context(worker.running())
        addresses = CheckedAddresses(
            allow_private=settings.webhook_allow_private, ports=settings.webhook_allowed_ports
        )
        stack.callback(addresses.close)
        tail = PostgresEventTail(event_store.reader, event_store.observer, signals)
        live = await stack.enter_async_context(
            LiveLog(tail, lambda entry: Telling(entry, OUTWARD), live_log_failed).running()
        )
        webhook_client = HttpWebhookClient(
            addresses,
            timeout_seconds=settings.webhook_timeout_seconds,
            user_agent=f"annals/{version('annals')}",
        )
        if "webhooks" in parts:
            sender = WebhookSender(
                DeliveryQueue(pool),
                store=event_store.store,
                reader=event_store.reader,
                catalogue=OUTWARD,
                client=webhook_client,
                signals=signals,
                meter=meter,
                policy=_sending_policy(settings),
            )
            await stack.enter_async_context(sender.running())
        identity = IdentityQueries(pool)
        counters = await stack.enter_async_context(open_counters(settings.redis_url))
        secret = _jwt_secret(settings)
        tokens = JwtTokens(secret, timedelta(hours=settings.jwt_expiration_hours))
        yield Services(
            store=event_store.store,
            claims=PostgresClaimRegister(pool),
            identifiers=identifiers,
            tail=tail,
            live=live,
            seats=Seats(),
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
            parked_streams=parked_streams,
            vitals=vitals,
            meter=meter,
            metrics=metrics,
            keyed_hash=HmacSha256(secret),
            signer=Ed25519Signer(_signing_key(settings)),
            jobs=PostgresJobQueue(pool),
            webhook_client=webhook_client,
            deliveries=PostgresDeliveries(pool),
            outward=OUTWARD,
            webhook_addresses=addresses,
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
            webhooks=WebhookQueries(pool),
        )


async def rebuild_projections(
    settings: Settings,
    conninfo: str,
    names: Collection[str],
    told: Told,
    *,
    restart: bool = False,
    parking: bool = False,
) -> None:
    """Make projections anew, beside the live ones. Raises what Rebuild.run raises."""
    async with connection_pool(conninfo, 2) as pool:
        rebuild = Rebuild(connector(conninfo, "rebuild"), LogReader(pool, keyring(settings)))
        wanted = [projection for projection in PROJECTIONS if projection.name in names]
        await rebuild.run(wanted, told, restart=restart, parking=parking)


async def build_projections(settings: Settings, conninfo: str, told: Told) -> None:
    """Build what is not there in its version, and remove what nobody reads any more.

    Older processes serve their own versions meanwhile. Raises RebuildStoppedError.
    """
    unbuilt = to_be_built(conninfo, PROJECTIONS)
    async with connection_pool(conninfo, 2) as pool:
        rebuild = Rebuild(connector(conninfo, "rebuild"), LogReader(pool, keyring(settings)))
        await rebuild.run(unbuilt, told, only_missing=True)
    remove_leftovers(conninfo, PROJECTIONS)


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


def write_backup(
    settings: Settings, directory: Path | None, *, keep: int | None
) -> Iterator[BackupProgress]:
    """Write a backup, by default to where they are kept, and then delete all but the newest.

    Raises BackupError and what open_database raises.
    """
    directory = directory or settings.backups
    with open_database(settings) as conninfo:
        yield from back_up(
            conninfo,
            directory,
            keyring(settings),
            LedgerFile(settings.backups),
            annals_version=version("annals"),
        )
    if keep is not None:
        prune(directory, keep)


def list_backups(settings: Settings, directory: Path | None) -> list[Backup]:
    """Give the backups, newest first. Raises BackupError."""
    return backups(directory or settings.backups)


def restore_backup(
    settings: Settings, dump: Path, *, may_replace: Callable[[Backup, int], None]
) -> Restored:
    """Restore a backup, and erase again what was erased since; one that is killed is begun again.

    ``may_replace`` is asked if the database holds events, with their number, and raises if they
    may not be replaced. Raises BackupError and what open_database raises.
    """
    manifest = inspect(dump, keyring(settings))
    backup = manifest.backup(dump.parent)
    with reach_database(settings) as conninfo:
        if events := count_events(conninfo):
            may_replace(backup, events)
        restore(conninfo, dump, manifest, LedgerFile(settings.backups))
        outcome = _prepare(settings, conninfo)
    return Restored(backup=backup, erased_again=outcome.erased, fenced=outcome.fenced)


def diagnose() -> Iterator[Finding]:
    """Examine this installation, and go on where something is wrong; nothing is changed.

    An embedded PostgreSQL that does not run is started for it, and stopped again.
    """
    try:
        settings = load_settings()
    except SettingError as error:
        advice = "Correct it; nothing else can be examined before"
        yield Finding(check="configuration", verdict=Verdict.PROBLEM, saw=str(error), advice=advice)
        return
    for machine_check in MACHINE_CHECKS:
        yield from examine(machine_check, settings)
    if settings.database_url is None and not has_cluster(settings.annals_home):
        saw = f"there is no database in {settings.annals_home} yet"
        advice = "annals serve makes one; if there was one, see whether ANNALS_HOME is right"
        yield Finding(check="database", verdict=Verdict.WARNING, saw=saw, advice=advice)
        return
    try:
        with (
            reach_database(settings) as conninfo,
            psycopg.connect(conninfo, autocommit=True, **SESSION) as connection,
        ):
            connection.execute("SET default_transaction_read_only = on")
            yield from _diagnose_database(settings, connection)
    except (EmbeddedPostgresError, psycopg.OperationalError) as error:
        yield Finding(
            check="database",
            verdict=Verdict.PROBLEM,
            saw=f"the database cannot be reached: {str(error).strip()}",
            advice="Start it, or correct DATABASE_URL",
        )


def _diagnose_database(settings: Settings, connection: psycopg.Connection) -> Iterator[Finding]:
    if not has_log(connection):
        saw = "the database answers, and Annals has not been started on it yet"
        advice = "annals serve makes its tables; if it was, see whether DATABASE_URL is right"
        yield Finding(check="database", verdict=Verdict.WARNING, saw=saw, advice=advice)
        return
    yield Finding(check="database", verdict=Verdict.OK, saw="the database answers")
    file = key_file(settings)
    try:
        ring = keyring(settings) if file is None or file.exists() else None
    except MasterKeyError:
        ring = None
    patient = Patient(settings, connection, ring, FOLLOWERS)
    for database_check in DATABASE_CHECKS:
        yield from examine_database(database_check, patient)


def key_inventory(settings: Settings) -> KeyInventory:
    """Tell which master keys wrap the data keys. Raises what open_database raises."""
    with open_database(settings) as conninfo:
        return take_inventory(conninfo, keyring(settings))


def _sending_policy(settings: Settings) -> SendingPolicy:
    return SendingPolicy(
        timeout_seconds=settings.webhook_timeout_seconds,
        max_retries=settings.webhook_max_retries,
        first_pause_seconds=settings.webhook_retry_seconds,
        disable_after=timedelta(hours=settings.webhook_disable_after_hours),
    )


def _jwt_secret(settings: Settings) -> str:
    return settings.jwt_secret_key or kept_secret(settings.annals_home / "jwt.key")


def _signing_key(settings: Settings) -> bytes:
    if settings.annals_signing_key is not None:
        return decode_key(settings.annals_signing_key)
    return kept_signing_key(SecretFile(settings.annals_home / "signing.key"))

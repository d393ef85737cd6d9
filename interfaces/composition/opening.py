"""The database: reached, migrated, its projections installed, its keys at hand."""

import contextlib
from collections.abc import AsyncIterator, Iterator

from infra.backups.ledger import reconcile
from infra.backups.ledger_file import LedgerError, LedgerFile
from infra.backups.reapplication import Reapplied
from infra.event_store.errors import MasterKeyError
from infra.event_store.keys import KeyFile, Keyring
from infra.event_store.rotation import establish_master_key
from infra.jobs.schema import migrate_jobs
from infra.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from infra.postgres.migrations import SchemaTooNewError, migrate
from infra.postgres.revival import revived
from infra.projections.installation import install, to_be_built
from infra.projections.rebuild import RebuildStoppedError, RebuildUnderWayError
from infra.secret_key import decode_key
from infra.settings import SettingError, Settings
from infra.signing import SigningKeyError
from interfaces.composition.catalogue import FOLLOWERS, PROJECTIONS

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
        prepare_database(settings, conninfo)
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


def prepare_database(settings: Settings, conninfo: str) -> Reapplied:
    """Migrate, install what is read, and erase again what only the ledger knows of."""
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

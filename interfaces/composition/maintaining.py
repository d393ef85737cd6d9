"""What is done to an installation rather than with it: builds, keys, backups, the first admin."""

from collections.abc import Callable, Collection, Iterator
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from application.backups import Backup, BackupProgress, Restored
from application.identity.bootstrap import FirstAdmin, Generated, bootstrap
from application.master_keys import KeyInventory, Rotation
from application.metadata import by_system
from infra.backups.dumping import back_up, backups, prune
from infra.backups.ledger_file import LedgerFile
from infra.backups.restoring import count_events, inspect, restore
from infra.event_store.assembly import EventStoreParts
from infra.event_store.inventory import take_inventory
from infra.event_store.reader import LogReader
from infra.event_store.rotation import rotate
from infra.identity.directory import LoggedUsers
from infra.identity.passwords import Argon2Passwords
from infra.postgres.connections import connection_pool, connector
from infra.postgres.identifiers import PostgresIdentifiers
from infra.projections.installation import to_be_built
from infra.projections.leftovers import remove_leftovers
from infra.projections.rebuild import Rebuild, Told
from infra.settings import Settings
from interfaces.composition.catalogue import PROJECTIONS
from interfaces.composition.opening import (
    key_file,
    keyring,
    open_database,
    prepare_database,
    reach_database,
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
        outcome = prepare_database(settings, conninfo)
    return Restored(backup=backup, erased_again=outcome.erased, fenced=outcome.fenced)


def key_inventory(settings: Settings) -> KeyInventory:
    """Tell which master keys wrap the data keys. Raises what open_database raises."""
    with open_database(settings) as conninfo:
        return take_inventory(conninfo, keyring(settings))

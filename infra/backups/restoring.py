"""Restoring a backup: the whole database in one transaction, so that a kill leaves the old one.

The erasures that the backup does not have are in the ledger; opening the database makes them again
before anything is served.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from application.backups import BackupError
from infra.backups.ledger_file import NAME, LedgerFile
from infra.backups.manifest import Manifest, check_dump, check_seal, manifests, read_manifest
from infra.backups.reapplication import highest
from infra.event_store.errors import MasterKeyError
from infra.event_store.keys import Keyring
from infra.postgres.migrations import newest_migration
from infra.postgres.tools import ToolError, run, running

# The locks of infra.postgres.migrations and of the committers: whoever starts meanwhile waits, and
# nothing is recorded.
LOCK = "SELECT pg_advisory_lock(4127302), pg_advisory_lock(4127301)"

OTHERS = """
SELECT count(*)
FROM pg_stat_activity
WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()
"""

HAS_LOG = "SELECT to_regclass('log_head') IS NOT NULL"

HEAD = "SELECT position FROM log_head"

ORIGIN = "SELECT (SELECT encode(hash, 'hex') FROM events WHERE notification_id = 1)"

RELATIONS = """
SELECT count(*)
FROM pg_class
WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_')
  AND relnamespace <> 'information_schema'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
"""

SCHEMAS = """
SELECT nspname
FROM pg_namespace
WHERE nspname !~ '^pg_'
  AND nspname <> 'information_schema'
  AND pg_has_role(nspowner, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_namespace.oid AND deptype = 'e')
"""

SEQUENCES = """
SELECT sequencename, last_value
FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL
"""

DROP = SQL("DROP SCHEMA {} CASCADE;")

CREATE = "CREATE SCHEMA public;"

SCRIPT = ("--no-owner", "--no-privileges", "--file=-")

RAISE = SQL("""
SELECT setval(format('public.%I', s.sequencename)::regclass, {last})
FROM pg_sequences AS s
WHERE s.schemaname = 'public' AND s.sequencename = {name} AND {last} > COALESCE(s.last_value, 0);
""")


def inspect(dump: Path, keyring: Keyring) -> Manifest:
    """Check that a backup is whole and unchanged and that it can be opened.

    Raises BackupError or MasterKeyError.
    """
    sealed = read_manifest(dump)
    if not keyring.knows(sealed.manifest.master_key_id):
        raise MasterKeyError(
            f"the backup was written with master key {sealed.manifest.master_key_id}, which is not "
            "at hand: set ANNALS_MASTER_KEY, or put master.key of that time in ANNALS_HOME"
        )
    check_seal(dump, sealed, keyring)
    manifest = sealed.manifest
    check_dump(dump, manifest)
    if manifest.schema_version > newest_migration():
        raise BackupError(
            f"The backup has schema version {manifest.schema_version}, this Annals knows only "
            f"{newest_migration()}: upgrade Annals"
        )
    try:
        run("pg_restore", "--list", dump)
    except ToolError as error:
        raise BackupError(f"{dump} is no backup that PostgreSQL can read: {error}") from None
    return manifest


def count_events(conninfo: str) -> int:
    """Count the events that a restore would replace.

    Raises BackupError if the database has tables of something else.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return _events(connection)


def restore(conninfo: str, dump: Path, manifest: Manifest, ledger: LedgerFile) -> None:
    """Put the backup in place of all that is in the database, or leave that as it is.

    Erasures in a ledger beside the dump are added to the ledger first. Ids that were given since
    the backup, as far as anything here knows of them, are not given again. Raises BackupError if
    anybody else uses the database, and LedgerError.
    """
    if dump.parent.resolve() != ledger.path.parent.resolve():
        ledger.add(LedgerFile(dump.parent).read())
    later = _later(manifest, (dump.parent, ledger.path.parent))
    _check_reaches(ledger, later)
    with _alone(conninfo) as connection:
        _events(connection)
        schemas = [name for (name,) in connection.execute(SCHEMAS).fetchall()]
        ids = highest([erasure for erasure in ledger.read() if erasure.log == manifest.log])
        given = [ids, _sequences(connection, manifest), *(one.sequences for one in later)]
        drops = [DROP.format(Identifier(name)).as_string(connection) for name in schemas]
        before = "\n".join(["SET client_min_messages TO warning;", *drops, CREATE])
        after = _raising(given).as_string(connection)
        try:
            _replace(conninfo, dump, manifest, before, after)
        except (ToolError, BackupError) as error:
            raise BackupError(f"Nothing was restored, the database is as it was: {error}") from None


def _replace(conninfo: str, dump: Path, manifest: Manifest, before: str, after: str) -> None:
    """Let psql do what pg_restore writes, and what goes before and after it, in one transaction.

    The COMMIT is ours to send, after pg_restore has ended well: whichever of the three processes is
    killed, psql comes to the end of its input without one.
    """
    arguments = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse")
    with (
        running("psql", *arguments, conninfo=conninfo, stdin=subprocess.PIPE) as target,
        running("pg_restore", *SCRIPT, dump, stdout=subprocess.PIPE) as source,
    ):
        assert target.input is not None
        assert source.output is not None
        try:
            target.input.write(f"BEGIN;\n{before}\n".encode())
            shutil.copyfileobj(source.output, target.input)
            source.check()
            check_dump(dump, manifest)  # pg_restore ends well also on a file that was cut meanwhile
            target.input.write(f"{after}\nCOMMIT;\n".encode())
            target.input.close()
        except BrokenPipeError:
            target.check()  # it says why it ended
            raise
        target.check()


@contextlib.contextmanager
def _alone(conninfo: str) -> Iterator[psycopg.Connection]:
    """Hold off whoever starts meanwhile. Raises BackupError if somebody is there already."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(LOCK)
        if others := _value(connection, OTHERS):
            raise BackupError(
                f"The database is in use, by {others} other connections: stop every annals serve "
                "and whatever else is connected to it first"
            )
        yield connection


def has_log(connection: psycopg.Connection) -> bool:
    """Tell whether there is a log in the database."""
    return bool(_value(connection, HAS_LOG))


def _events(connection: psycopg.Connection) -> int:
    """Count the events of the log; 0 in an empty database. Raises BackupError."""
    if has_log(connection):
        return int(_value(connection, HEAD))
    if _value(connection, RELATIONS):
        raise BackupError("The database has tables of something else: restore into an empty one")
    return 0


def _sequences(connection: psycopg.Connection, manifest: Manifest) -> dict[str, int]:
    """Give the last ids that were given in the database, if its log is that of the backup."""
    if not has_log(connection) or _value(connection, ORIGIN) != manifest.log:
        return {}
    return dict(connection.execute(SEQUENCES).fetchall())


def _value(connection: psycopg.Connection, query: LiteralString) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def _later(manifest: Manifest, directories: tuple[Path, Path]) -> list[Manifest]:
    """Give the backups of the same log that were taken later."""
    return [
        sealed.manifest
        for directory in dict.fromkeys(directories)
        for _, sealed in manifests(directory)
        if sealed.manifest.log == manifest.log and sealed.manifest.taken_at > manifest.taken_at
    ]


def _check_reaches(ledger: LedgerFile, later: list[Manifest]) -> None:
    """Check that the ledger still has all that it had when later backups were taken."""
    hashes = ledger.hashes()
    for one in later:
        lines = one.ledger.lines
        if lines and (lines > len(hashes) or hashes[lines - 1] != one.ledger.hash):
            raise BackupError(
                f"The erasure ledger {ledger.path} lacks erasures that it had when {one.dump} was "
                f"taken: put back {NAME} as it was. If it is lost, copy the backup and its "
                "manifest to a directory of their own, set ANNALS_BACKUPS to that, and restore it "
                "there: what was erased since is then not erased again"
            )


def _raising(given: list[dict[str, int]]) -> Composed:
    last: dict[str, int] = {}
    for ids in given:
        for name, value in ids.items():
            last[name] = max(value, last.get(name, 0))
    steps = [RAISE.format(name=Literal(name), last=Literal(value)) for name, value in last.items()]
    return Composed(steps)

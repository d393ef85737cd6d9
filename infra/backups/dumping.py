"""Making a backup with pg_dump, consistent while servers run.

A backup is there once its dump has its name: until then it has another, beside which its manifest
is written. So a kill leaves no dump that nobody lists, and what it does leave is swept away by the
next one.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from application.backups import Backup, BackupError, BackupProgress
from infra.backups.ledger import reconcile
from infra.backups.ledger_file import LedgerFile, sync_directory
from infra.backups.manifest import (
    DUMP,
    FORMAT,
    PARTIAL,
    Manifest,
    manifest_path,
    manifests,
    sha256,
    write_manifest,
)
from infra.event_store.keys import Keyring
from infra.postgres.tools import ToolError, run, running

LOCK_NAME = "backup.lock"
LOOK_SECONDS = 0.1

# pg_dump finds tables by name: none of a read model may get the name of another meanwhile.
LET_TABLES_STAY = "SELECT pg_advisory_lock_shared(4127307)"

SNAPSHOT = "SELECT pg_export_snapshot()"

STATE = """
SELECT (SELECT encode(hash, 'hex') FROM events WHERE notification_id = 1),
       position,
       encode(hash, 'hex'),
       (SELECT max(number) FROM schema_migrations),
       master_key_id
FROM log_head
"""

SEQUENCES = """
SELECT sequencename, last_value
FROM pg_sequences
WHERE schemaname = current_schema() AND last_value IS NOT NULL
"""


def back_up(
    conninfo: str, directory: Path, keyring: Keyring, ledger: LedgerFile, *, annals_version: str
) -> Iterator[BackupProgress]:
    """Write a backup of the database to a directory; the last progress has it.

    Raises BackupError, LedgerError or psycopg.OperationalError; then there is no new backup.
    """
    with _alone(directory), psycopg.connect(conninfo) as connection:
        _sweep(directory)
        connection.execute(LET_TABLES_STAY)
        connection.rollback()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        row = connection.execute(SNAPSHOT).fetchone()
        assert row is not None
        (snapshot,) = row
        row = connection.execute(STATE).fetchone()
        assert row is not None
        log, position, hash_, schema_version, master_key_id = row
        sequences: dict[str, int] = dict(connection.execute(SEQUENCES).fetchall())
        reconcile(conninfo, keyring, ledger)
        ledger_head = ledger.head()
        taken_at = datetime.now(UTC)
        dump = directory / f"annals-{taken_at:%Y%m%dT%H%M%S.%fZ}-{position:012}{DUMP}"
        partial = directory / f".{dump.name}{PARTIAL}"
        try:
            yield from _dump(conninfo, snapshot, partial)
            run("pg_restore", "--list", partial)
            manifest = Manifest(
                format=FORMAT,
                dump=dump.name,
                taken_at=taken_at,
                log=log,
                position=position,
                hash=hash_,
                schema_version=schema_version,
                annals_version=annals_version,
                master_key_id=master_key_id,
                sequences=sequences,
                ledger=ledger_head,
                size=partial.stat().st_size,
                sha256=sha256(partial),
            )
            write_manifest(directory, manifest, keyring)
            partial.rename(dump)
            sync_directory(directory)
        except (OSError, ToolError) as error:
            raise BackupError(f"The backup could not be made: {error}") from error
        finally:
            if partial.exists():
                manifest_path(dump).unlink(missing_ok=True)
                partial.unlink()
    yield BackupProgress(written=manifest.size, backup=manifest.backup(directory))


def backups(directory: Path) -> list[Backup]:
    """Give the backups of a directory, newest first. Raises BackupError."""
    found = [sealed.manifest.backup(dump.parent) for dump, sealed in manifests(directory)]
    return found[::-1]


def prune(directory: Path, keep: int) -> list[Backup]:
    """Delete all backups but the newest ones; give those that are gone. Raises BackupError."""
    with _alone(directory):
        gone = backups(directory)[keep:]
        for backup in gone:
            backup.path.unlink()
            manifest_path(backup.path).unlink()
    return gone


def _dump(conninfo: str, snapshot: str, partial: Path) -> Iterator[BackupProgress]:
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        arguments = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
        with running("pg_dump", *arguments, conninfo=conninfo, stdout=file) as tool:
            while not tool.ended(LOOK_SECONDS):
                yield BackupProgress(written=partial.stat().st_size)
        os.fsync(file.fileno())


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Let one process at a time write backups to a directory. Raises BackupError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise BackupError(f"{directory} cannot be written to: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Another backup is being written to {directory}") from None
        yield
    finally:
        os.close(lock)


def _sweep(directory: Path) -> None:
    """Remove what a backup that was killed has left."""
    for partial in directory.glob(f".annals-*{PARTIAL}"):
        dump = directory / partial.name.removeprefix(".").removesuffix(PARTIAL)
        if dump.suffix == DUMP:
            manifest_path(dump).unlink(missing_ok=True)
        partial.unlink(missing_ok=True)

"""Backups of the database, as the operator sees them."""

from datetime import datetime
from pathlib import Path

import msgspec


class BackupError(Exception):
    """A backup cannot be made, read or restored; the message tells the operator why."""


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup: where it is, when it was taken, and how far the log went then.

    ``hash`` is that of the event at ``position``; ``size`` is in bytes. Without the master key
    ``master_key_id``, which is not in it, nobody can read the personal data.
    """

    path: Path
    taken_at: datetime
    position: int
    hash: str
    size: int
    schema_version: int
    annals_version: str
    master_key_id: str


class BackupProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a backup has come: the bytes written; the last one has the backup."""

    written: int
    backup: Backup | None = None


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore has led to.

    ``erased_again`` subjects were erased after the backup was taken, and again now;
    ``fenced`` ones came to be after it and never get a key here.
    """

    backup: Backup
    erased_again: int
    fenced: int

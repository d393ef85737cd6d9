"""What stands beside each dump: from which moment of which log it is, and what it must be like."""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from application.backups import Backup, BackupError
from infra.backups.ledger_file import LedgerHead, sync_directory
from infra.event_store.keys import Keyring

FORMAT = 1
DUMP = ".dump"
MANIFEST = ".json"
PARTIAL = ".partial"
LARGEST_MANIFEST = 1_000_000
PURPOSE = "backup manifest"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The description of a dump.

    ``log`` is the hash of the log's first event, None where there was none; ``sequences`` the last
    id of each; ``ledger`` how far the erasure ledger went, all of which is in the dump.
    """

    format: int
    dump: str
    taken_at: datetime
    log: str | None
    position: int
    hash: str
    schema_version: int
    annals_version: str
    master_key_id: str
    sequences: dict[str, int]
    ledger: LedgerHead
    size: int
    sha256: str

    def backup(self, directory: Path) -> Backup:
        """Say what the operator wants to know of it."""
        return Backup(
            path=directory / self.dump,
            taken_at=self.taken_at,
            position=self.position,
            hash=self.hash,
            size=self.size,
            schema_version=self.schema_version,
            annals_version=self.annals_version,
            master_key_id=self.master_key_id,
        )


class SealedManifest(msgspec.Struct, frozen=True):
    """A manifest as it is written, with what only a holder of the master key can add."""

    manifest: Manifest
    seal: str


def write_manifest(directory: Path, manifest: Manifest, keyring: Keyring) -> None:
    """Write the manifest beside its dump, which is complete with it; durable on return."""
    seal = keyring.authenticate(PURPOSE, msgspec.json.encode(manifest), manifest.master_key_id)
    path = manifest_path(directory / manifest.dump)
    partial = path.with_name(f".{path.name}{PARTIAL}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(SealedManifest(manifest, seal.hex())) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    sync_directory(directory)


def read_manifest(dump: Path) -> SealedManifest:
    """Read the manifest of a dump, from whomever. Raises BackupError if there is none in it."""
    path = manifest_path(dump)
    try:
        if path.stat().st_size > LARGEST_MANIFEST:
            raise BackupError(f"{path} is no manifest of a backup")
        sealed = msgspec.json.decode(path.read_bytes(), type=SealedManifest)
    except FileNotFoundError:
        raise BackupError(f"{dump} is no complete backup: {path.name} is not beside it") from None
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise BackupError(f"{path} is no manifest of a backup: {error}") from None
    except (UnicodeDecodeError, RecursionError):
        raise BackupError(f"{path} is no manifest of a backup") from None
    if sealed.manifest.format != FORMAT:
        raise BackupError(f"{path} has format {sealed.manifest.format}, unknown to this Annals")
    if sealed.manifest.dump != dump.name:
        raise BackupError(f"{path} is the manifest of {Path(sealed.manifest.dump).name}")
    return sealed


def check_seal(dump: Path, sealed: SealedManifest, keyring: Keyring) -> None:
    """Check that the manifest was written by a holder of the master key.

    Raises BackupError if not, MasterKeyError if the master key is not at hand.
    """
    manifest = sealed.manifest
    content = msgspec.json.encode(manifest)
    if keyring.authenticate(PURPOSE, content, manifest.master_key_id).hex() != sealed.seal:
        raise BackupError(f"{manifest_path(dump)} was not written by Annals, or was changed since")


def check_dump(dump: Path, manifest: Manifest) -> None:
    """Check that a dump is what it was when it was written. Raises BackupError if it is not."""
    try:
        is_same = dump.stat().st_size == manifest.size and sha256(dump) == manifest.sha256
    except OSError as error:
        raise BackupError(f"{dump} cannot be read: {error.strerror}") from None
    if not is_same:
        raise BackupError(f"{dump} is damaged: it is not what its manifest says")


def manifests(directory: Path) -> Iterator[tuple[Path, SealedManifest]]:
    """Give the complete backups of a directory, oldest first. Raises BackupError."""
    found = [
        (dump, read_manifest(dump))
        for dump in directory.glob(f"annals-*{DUMP}")
        if manifest_path(dump).exists()
    ]
    yield from sorted(found, key=lambda one: (one[1].manifest.taken_at, one[0]))


def manifest_path(dump: Path) -> Path:
    """Name the manifest of a dump."""
    return dump.with_suffix(MANIFEST)


def sha256(path: Path) -> str:
    """Hash a file, however large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""The erasure ledger: a line for every erasure, in a file beside the backups.

It outlives the database, so that an erasure made after a backup is known after its restore. Lines
are only ever added. Each ends with a hash over itself, and with it over the hash of the line
before, so that one that was changed or taken out is noticed.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

NAME = "erasures.jsonl"
GENESIS = "0" * 64

# A line is the JSON of a LedgerLine up to here, then its hash.
HASH = b',"hash":"'
HASH_BYTES = 64
END = b'"}'


class LedgerError(Exception):
    """The erasure ledger cannot be used; the message tells the operator why."""


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure, with all that it takes to make it again in an older copy of the database.

    ``log`` is the hash of the log's first event and tells it from other logs, ``began`` the id of
    the stream's first event, which tells the subject from another that has got the same id since.
    ``payload`` holds no personal data: an event is stored without it. ``sequences`` gives the last
    id of each sequence as it was then.
    """

    log: str
    subject: str
    stream_id: str
    began: UUID
    topic: str
    schema_version: int
    event_id: UUID
    payload: dict[str, Any]
    metadata: dict[str, Any]
    position: int
    erased_at: datetime
    fingerprint: str | None
    sequences: dict[str, int]

    @property
    def identity(self) -> tuple[str, str, UUID]:
        """What is erased once and for all."""
        return self.log, self.subject, self.began


class LedgerLine(Erasure, frozen=True, kw_only=True):
    """An erasure as it stands in the ledger, after the line with the hash ``previous``."""

    previous: str


class LedgerHead(msgspec.Struct, frozen=True):
    """How far a ledger goes: so many lines, and the hash of the last."""

    lines: int
    hash: str


_decode = msgspec.json.Decoder(LedgerLine).decode


class LedgerFile:
    """The ledger in a directory. Processes that write at the same time take turns."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self._file_id: tuple[int, int] | None = None
        self._forget()

    def read(self) -> list[Erasure]:
        """Give all erasures, oldest first. Raises LedgerError if a line does not fit."""
        with self._turn(fcntl.LOCK_SH, os.O_RDONLY) as file:
            self._forget()
            if file is not None:
                self._follow(file)
        return list(self._erasures.values())

    def hashes(self) -> list[str]:
        """Give the hash of each line. Raises LedgerError if a line does not fit."""
        self.read()
        return list(self._hashes)

    def head(self) -> LedgerHead:
        """Tell how far the ledger goes. Raises LedgerError if a line does not fit."""
        hashes = self.hashes()
        return LedgerHead(len(hashes), hashes[-1] if hashes else GENESIS)

    def add(self, erasures: Iterable[Erasure]) -> int:
        """Add those that are not there yet; durable when this returns. Give how many were new.

        Raises LedgerError.
        """
        wanted = list(erasures)
        if not wanted:
            return 0
        with self._turn(fcntl.LOCK_EX, os.O_RDWR | os.O_CREAT) as file:
            assert file is not None
            self._follow(file)
            os.ftruncate(file, self._size)  # what a kill in the middle of a line has left
            new = {one.identity: one for one in wanted if one.identity not in self._erasures}
            lines = []
            previous = self._hashes[-1] if self._hashes else GENESIS
            for erasure in new.values():
                line, previous = _written(erasure, previous)
                lines.append(line)
            _write(file, self._size, b"".join(lines))
            self._follow(file)
        return len(new)

    @contextlib.contextmanager
    def _turn(self, kind: int, flags: int) -> Iterator[int | None]:
        try:
            if flags & os.O_CREAT:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not self.path.exists()
            if is_new and not flags & os.O_CREAT:
                yield None
                return
            file = os.open(self.path, flags | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(file, kind)
                yield file
            finally:
                os.close(file)
            if is_new:
                sync_directory(self.path.parent)
        except OSError as error:
            raise LedgerError(f"cannot use the erasure ledger {self.path}: {error}") from error

    def _forget(self) -> None:
        self._size = 0
        self._hashes: list[str] = []
        self._erasures: dict[tuple[str, str, UUID], Erasure] = {}

    def _follow(self, file: int) -> None:
        """Read on from where this process has read to; from the start in another file."""
        status = os.fstat(file)
        if self._file_id != (status.st_dev, status.st_ino) or status.st_size < self._size:
            self._forget()
            self._file_id = (status.st_dev, status.st_ino)
        text = _read(file, self._size, status.st_size)
        whole = text[: text.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._take(line)
        self._size += len(whole)

    def _take(self, line: bytes) -> None:
        previous = self._hashes[-1] if self._hashes else GENESIS
        content = line[: -len(HASH) - HASH_BYTES - len(END)]
        try:
            read = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._damaged("it cannot be read") from None
        if line != _ended(content, _hash(content)):
            raise self._damaged("it does not fit its hash")
        if read.previous != previous:
            raise self._damaged("it does not follow the line before")
        self._hashes.append(_hash(content))
        self._erasures[read.identity] = Erasure(**_fields(read))

    def _damaged(self, problem: str) -> LedgerError:
        return LedgerError(
            f"{self.path}, line {len(self._hashes) + 1}: {problem}. Put back an unchanged copy of "
            "the erasure ledger. If there is none, and the database is not from a backup, move the "
            "file away: it is written anew from the database"
        )


def sync_directory(directory: Path) -> None:
    """Make durable which files are in a directory."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(erasure: Erasure, previous: str) -> tuple[bytes, str]:
    content = msgspec.json.encode(LedgerLine(**_fields(erasure), previous=previous))[:-1]
    hash_ = _hash(content)
    return _ended(content, hash_) + b"\n", hash_


def _fields(erasure: Erasure) -> dict[str, Any]:
    return {name: getattr(erasure, name) for name in Erasure.__struct_fields__}


def _ended(content: bytes, hash_: str) -> bytes:
    return content + HASH + hash_.encode() + END


def _read(file: int, offset: int, end: int) -> bytes:
    parts = []
    while offset < end and (part := os.pread(file, end - offset, offset)):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def _write(file: int, offset: int, content: bytes) -> None:
    while content:
        written = os.pwrite(file, content, offset)
        content, offset = content[written:], offset + written
    os.fsync(file)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

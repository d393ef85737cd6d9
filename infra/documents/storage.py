"""The bytes of documents in files of the data directory, each named by its digest."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from application.documents.storage import DocumentTooLargeError, Received
from domain.errors import InvalidFieldError

SIGNATURE = b"%PDF-"
INCOMING = "incoming"
KEPT = "kept"
SUFFIX = ".pdf"

# Nobody needs a day to send a document.
ABANDONED_SECONDS = 86_400

LOCK_AGAIN_SECONDS = 0.005

NOT_A_PDF = "File type not supported. Only PDF files are allowed."
EMPTY = "The file is empty."


class FileDocumentStorage:
    """Implements the application's DocumentStorage port; nobody else may read the files.

    All of them are within ``directory``.
    """

    def __init__(self, home: Path) -> None:
        self.directory = home / "documents"

    @contextlib.asynccontextmanager
    async def receiving(self, most_bytes: int) -> AsyncIterator["IncomingFile"]:
        """Let a document come in; what is not kept by the end of the block is gone."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._open, most_bytes))
        try:
            incoming = await asyncio.shield(opening)
        except asyncio.CancelledError:  # the thread goes on, and its file would stay open
            (await opening).discard()
            raise
        try:
            yield incoming
        finally:
            await asyncio.to_thread(incoming.discard)

    @contextlib.asynccontextmanager
    async def settling(self) -> AsyncIterator[None]:
        """Keep all others, also in other processes, from keeping or removing bytes."""
        lock = os.open(_made(self.directory) / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not _is_locked(lock):  # noqa: ASYNC110 - nobody signals it
                await asyncio.sleep(LOCK_AGAIN_SECONDS)
            yield
        finally:
            os.close(lock)

    def path(self, sha256: str) -> Path:
        """Give where the bytes are, if they are kept."""
        return self.directory / KEPT / sha256[:2] / f"{sha256}{SUFFIX}"

    async def remove(self, sha256: str) -> None:
        """Keep the bytes no longer; of no effect if there are none."""
        await asyncio.to_thread(self._remove, sha256)

    async def kept(self) -> AsyncIterator[str]:
        """Give the digest of every document that is kept."""
        for path in await asyncio.to_thread(lambda: list(self._files(KEPT))):
            yield path.stem

    async def remove_abandoned(self) -> int:
        """Remove what came in a day ago and was never kept; count that."""
        return await asyncio.to_thread(self._remove_abandoned)

    def _open(self, most_bytes: int) -> "IncomingFile":
        directory = _made(self.directory / INCOMING)
        descriptor, name = tempfile.mkstemp(dir=directory)  # mode 0600
        return IncomingFile(descriptor, Path(name), self, most_bytes)

    def _remove(self, sha256: str) -> None:
        path = self.path(sha256)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            _sync_directory(path.parent)

    def _remove_abandoned(self) -> int:
        removed = 0
        for path in self._files(INCOMING):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                    path.unlink()
                    removed += 1
        return removed

    def _files(self, kind: str) -> Iterator[Path]:
        return (path for path in (self.directory / kind).glob("**/*") if path.is_file())


class IncomingFile:
    """Implements the application's IncomingDocument port."""

    def __init__(
        self, descriptor: int, path: Path, storage: FileDocumentStorage, most_bytes: int
    ) -> None:
        self._file = os.fdopen(descriptor, "wb")
        self._path = path
        self._storage = storage
        self._most_bytes = most_bytes
        self._digest = hashlib.sha256()
        self._size = 0
        self._beginning = b""

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises InvalidFieldError, DocumentTooLargeError."""
        self._size += len(chunk)
        if self._size > self._most_bytes:
            raise DocumentTooLargeError(self._most_bytes)
        if len(self._beginning) < len(SIGNATURE):
            self._beginning = (self._beginning + chunk)[: len(SIGNATURE)]
            if not SIGNATURE.startswith(self._beginning):
                raise InvalidFieldError("file", NOT_A_PDF)
        await asyncio.to_thread(self._append, chunk)

    async def end(self) -> Received:
        """Have received the last byte. Raises InvalidFieldError if it is no PDF."""
        if self._size == 0:
            raise InvalidFieldError("file", EMPTY)
        if self._beginning != SIGNATURE:
            raise InvalidFieldError("file", NOT_A_PDF)
        return Received(sha256=self._digest.hexdigest(), size_bytes=self._size)

    async def keep(self) -> None:
        """Keep the bytes for good, though the machine should lose its power right after."""
        await asyncio.to_thread(self._keep)

    def discard(self) -> None:
        """Forget the bytes, unless they were kept."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _append(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._digest.update(chunk)

    def _keep(self) -> None:
        target = self._storage.path(self._digest.hexdigest())
        _made(target.parent)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.replace(target)
        for directory in (target.parent, target.parent.parent, target.parent.parent.parent):
            _sync_directory(directory)


def _is_locked(descriptor: int) -> bool:
    """Take a lock if it is free; whoever waits for it in a thread could not be called off."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _made(directory: Path) -> Path:
    """Make a directory with those above it, for the server's account alone."""
    for missing in reversed([directory, *directory.parents]):
        missing.mkdir(mode=0o700, exist_ok=True)
    return directory


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Files that somebody else has put somewhere: looked at, read and moved without trusting them.

No link is followed and nothing but a regular file is opened, so that neither a pipe holds anybody
up nor a name leads elsewhere.
"""

import asyncio
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

CHUNK_BYTES = 256 * 1024

# How far before its end a PDF says that it ends (PDF 1.7, appendix H).
TRAILER_BYTES = 1024
TRAILER = b"%%EOF"

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Look(NamedTuple):
    """What a file looked like from outside; one that is written to looks otherwise afterwards."""

    inode: int
    size: int
    changed_ns: int


def look_at(path: Path) -> Look | None:
    """Look at a file; None if there is none, or something else."""
    try:
        found = path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Look(found.st_ino, found.st_size, found.st_mtime_ns)


def ends_as_pdf(path: Path) -> bool:
    """Tell whether a file ends as a PDF that was written to its end."""
    with os.fdopen(_open(path), "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - TRAILER_BYTES))
        return TRAILER in file.read()


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file, in hex. Raises OSError."""
    with os.fdopen(_open(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def chunks_of(path: Path) -> AsyncIterator[bytes]:
    """Read a file piece by piece. Raises OSError."""
    descriptor = await asyncio.to_thread(_open, path)
    try:
        while chunk := await asyncio.to_thread(os.read, descriptor, CHUNK_BYTES):
            yield chunk
    finally:
        os.close(descriptor)


def place(path: Path, target: Path, sha256: str) -> Path:
    """Put a file under another name, at once and for good; give where it is then.

    Another file of that name stays, and the digest tells this one from it.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if look_at(target) is not None and digest_of(target) != sha256:
        target = target.with_name(f"{target.stem[:150]}-{sha256[:12]}{target.suffix}")
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_across(path, target)
    _sync(target.parent)
    return target


def _move_across(path: Path, target: Path) -> None:
    """Move a file to another file system, where nobody sees it before it is whole."""
    unfinished = target.with_name(f".{target.name}.part")
    with os.fdopen(_open(path), "rb") as source, unfinished.open("wb") as copy:
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    unfinished.rename(target)
    path.unlink()


def _open(path: Path) -> int:
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

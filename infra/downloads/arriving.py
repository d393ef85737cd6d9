"""A file as it comes in: beside where it is to be, and there only once it is whole and safe."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

from domain.downloads.events import Validators
from infra.intake.files import chunks_of, place

SIGNATURE = b"%PDF-"
# Of a kind that watchers pass over.
UNFINISHED = ".part"


class TooManyBytesError(Exception):
    """More came than may."""


class ArrivingFile:
    """Implements the application's FetchedFile port."""

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self.name = ""
        self.validators = Validators()
        self.size_bytes = 0
        self._directory = directory
        self._most_bytes = most_bytes
        self._path = directory / f".{uuid4()}{UNFINISHED}"
        self._file: int | None = None
        self._digest = hashlib.sha256()
        self._beginning = b""

    @property
    def sha256(self) -> str:
        """The digest of what has come, in hex."""
        return self._digest.hexdigest()

    @property
    def may_be_pdf(self) -> bool:
        """Tell whether what has come so far can be the beginning of a PDF."""
        return SIGNATURE.startswith(self._beginning)

    @property
    def is_pdf(self) -> bool:
        """Tell whether what has come begins as a PDF does."""
        return self._beginning == SIGNATURE

    def check_length(self, announced: str | None) -> None:
        """Raise TooManyBytesError if more is announced than may come."""
        if announced is not None and announced.isdigit() and int(announced) > self._most_bytes:
            raise TooManyBytesError

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises TooManyBytesError."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._most_bytes:
            raise TooManyBytesError
        if self._file is None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._beginning = (self._beginning + chunk[: len(SIGNATURE)])[: len(SIGNATURE)]
        self._digest.update(chunk)
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def content(self) -> AsyncIterator[bytes]:
        """Read the file."""
        return chunks_of(self._path)

    async def keep(self) -> None:
        """Put the file under its name, at once and for good; beside another one of that name."""
        assert self._file is not None
        await asyncio.to_thread(os.fsync, self._file)
        await asyncio.to_thread(place, self._path, self._directory / self.name, self.sha256)

    def discard(self) -> None:
        """Forget what came, unless it was kept."""
        if self._file is not None:
            os.close(self._file)
            self._path.unlink(missing_ok=True)

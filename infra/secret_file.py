"""Secrets in files of the data directory: mode 0600, made once, replaced only as a whole."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


class SecretFile:
    """A secret text in a file. Whoever reads it, in whichever process, reads a whole one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read_or_create(self, make: Callable[[], str]) -> str:
        """Read the text; on first use make it. Of several processes, one makes it for all."""
        if not self._path.exists():
            self._create(make())
        return self._path.read_text()

    def replace(self, text: str) -> None:
        """Put another text in place of the one there; durable when this returns."""
        self._written_beside(text).replace(self._path)
        self._sync_directory()

    def _create(self, text: str) -> None:
        beside = self._written_beside(text)
        try:
            os.link(beside, self._path)
        except FileExistsError:
            pass  # another process was first; its text is the one
        finally:
            beside.unlink()
        self._sync_directory()

    def _written_beside(self, text: str) -> Path:
        descriptor, name = tempfile.mkstemp(
            dir=self._path.parent, prefix=f"{self._path.name}.", suffix=".new"
        )
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return Path(name)

    def _sync_directory(self) -> None:
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

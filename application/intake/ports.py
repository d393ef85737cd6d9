"""What bringing files in needs from outside, and what can be seen of it."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import msgspec


class ComponentState(StrEnum):
    """Whether a part does what it is there for; one that is not configured is stopped."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILING = "failing"


class IntakeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the watcher and the downloader fare, in whichever process they run."""

    file_watcher: ComponentState
    web_downloader: ComponentState
    last_download: datetime | None


class Intake(Protocol):
    """Knows how the watcher and the downloader fare."""

    async def status(self) -> IntakeStatus:
        """Tell how they fare now."""
        ...


class LocalFiles(Protocol):
    """Reads files of this machine; nothing but regular files, and through no link."""

    def content(self, path: Path) -> AsyncIterator[bytes]:
        """Read a file piece by piece. Raises OSError."""
        ...

    async def digest(self, path: Path) -> str:
        """Give the SHA-256 of a file, in hex. Raises OSError."""
        ...

    def settled(self, directory: Path, patterns: Sequence[str]) -> AsyncGenerator[Path]:
        """Give the files of a directory whose names fit a pattern, each once it has come to rest.

        Those that are there come first; one that changes comes again. Raises OSError.
        """
        ...

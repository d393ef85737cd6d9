"""Files of this machine, for somebody in the terminal."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

from domain.configuration.sections import FileWatcher
from infra.intake.directory import Directory
from infra.intake.files import chunks_of, digest_of, look_at

# Whoever watches a terminal does not want to wait long.
DEBOUNCE_SECONDS = 1.0


class MachineFiles:
    """Implements the application's LocalFiles port."""

    def content(self, path: Path) -> AsyncIterator[bytes]:
        """Read a file piece by piece. Raises OSError."""
        return chunks_of(path)

    async def digest(self, path: Path) -> str:
        """Give the SHA-256 of a file, in hex. Raises OSError."""
        return await asyncio.to_thread(digest_of, path)

    async def settled(self, directory: Path, patterns: Sequence[str]) -> AsyncGenerator[Path]:
        """Give the files whose names fit a pattern, each once it has come to rest."""
        wanted = FileWatcher(debounce_time=DEBOUNCE_SECONDS, file_patterns=list(patterns))
        watched = Directory(directory, wanted, frozenset())
        async with aclosing(watched.settled()) as settled:
            async for path in settled:
                look = look_at(path)
                if look is not None:
                    watched.done_with(path, look)
                    yield path

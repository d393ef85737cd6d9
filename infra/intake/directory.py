"""One directory under watch: which files have come to rest there, each once."""

import asyncio
import contextlib
import fnmatch
import os
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from pathlib import Path

from watchfiles import awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

from domain.configuration.sections import FileWatcher
from infra.intake.files import Look, ends_as_pdf, look_at

# How often it is looked whether files have come to rest, and whether some came unheard of.
LOOK_SECONDS = 0.25
LOOK_AROUND_SECONDS = 30.0

# How long a file may rest without an end before it is taken for one that never gets it.
UNENDED_SECONDS = 60.0


class DirectoryGoneError(FileNotFoundError):
    """The directory is not there any more, or another one is in its place."""


class Directory:
    """A directory and the files in it that are wanted.

    ``leave_out`` are directories within it that are not looked into.
    """

    def __init__(self, path: Path, settings: FileWatcher, leave_out: frozenset[Path]) -> None:
        self._path = path
        self._settings = settings
        self._leave_out = leave_out
        self._done: dict[Path, Look] = {}
        self._waiting: dict[Path, tuple[Look, float]] = {}
        self._looked_around = -LOOK_AROUND_SECONDS

    async def settled(self) -> AsyncGenerator[Path]:
        """Give each file once nothing has happened to it for a while, again if it changes later.

        Those that were there before come first. Raises DirectoryGoneError, OSError.
        """
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        inode = self._path.stat().st_ino
        async with contextlib.aclosing(self._changes()) as coming:
            async for changed in coming:
                # From here on no file comes unheard of: now is the time to look who is there.
                self._notice(changed)
                if time.monotonic() - self._looked_around >= LOOK_AROUND_SECONDS:
                    await asyncio.to_thread(self._look_around, inode)
                for path in await asyncio.to_thread(self._settled_now):
                    yield path

    async def _changes(self) -> AsyncGenerator[list[Path]]:
        """Give what changes, again and again, be it nothing."""
        while True:
            watching = awatch(
                self._path,
                watch_filter=None,
                debounce=50,
                step=50,
                rust_timeout=int(LOOK_SECONDS * 1000),
                yield_on_timeout=True,
                force_polling=self._settings.force_polling,
                recursive=self._settings.recursive,
            )
            try:
                async with contextlib.aclosing(watching) as coming:
                    async for changes in coming:
                        yield [Path(changed) for _, changed in changes]
            except ExceptionGroup as errors:
                if not all(map(_is_of_a_name, errors.exceptions)):
                    raise
                # What else changed then is found by looking around.
                self._looked_around = -LOOK_AROUND_SECONDS

    def done_with(self, path: Path, look: Look) -> None:
        """Give a file no more, unless it changes from what it looked like."""
        self._done[path] = look
        self._waiting.pop(path, None)

    def _look_around(self, inode: int) -> None:
        try:
            if self._path.stat().st_ino != inode:
                raise DirectoryGoneError
            present = set(self._files())
        except FileNotFoundError:
            raise DirectoryGoneError from None
        self._notice(present)
        self._done = {path: look for path, look in self._done.items() if path in present}
        self._looked_around = time.monotonic()

    def _notice(self, paths: Iterable[Path]) -> None:
        now = time.monotonic()
        for path in paths:
            look = look_at(path) if self._is_wanted(path) else None
            if look is None:
                self._waiting.pop(path, None)
            elif self._done.get(path) != look and self._waiting.get(path, (None,))[0] != look:
                self._waiting[path] = (look, now)

    def _settled_now(self) -> list[Path]:
        self._notice(list(self._waiting))
        now = time.monotonic()
        return sorted(
            path
            for path, (look, since) in self._waiting.items()
            if now - since >= self._settings.debounce_time and self._is_ended(path, look, since)
        )

    def _is_ended(self, path: Path, look: Look, since: float) -> bool:
        """Tell whether somebody is done writing a file, as far as that shows."""
        if look.size == 0:
            return False
        waited = time.monotonic() - since
        if waited >= max(UNENDED_SECONDS, self._settings.debounce_time):
            return True
        try:
            return ends_as_pdf(path)
        except OSError:
            return False

    def _is_wanted(self, path: Path) -> bool:
        inner = path.relative_to(self._path).parts if path.is_relative_to(self._path) else ()
        if len(inner) != 1 and not (inner and self._settings.recursive):
            return False
        if any(path.is_relative_to(left_out) for left_out in self._leave_out):
            return False
        return not any(_fits(part, self._settings.ignore_patterns) for part in inner) and any(
            fnmatch.fnmatchcase(path.name.lower(), pattern.lower())
            for pattern in self._settings.file_patterns
        )

    def _files(self) -> Iterator[Path]:
        if not self._settings.recursive:
            yield from (Path(entry.path) for entry in os.scandir(self._path))
            return
        for directory, _, names in os.walk(self._path):
            yield from (Path(directory, name) for name in names)


def _is_of_a_name(error: Exception) -> bool:
    """Tell whether a change cannot be told of since the file's name is not UTF-8."""
    return isinstance(error, WatchfilesRustInternalError) and "Unable to decode path" in str(error)


def _fits(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

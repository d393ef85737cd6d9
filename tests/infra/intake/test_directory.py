"""A file is given once it has come to rest, once, and only if it is wanted."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from domain.configuration.sections import FileWatcher
from infra.intake.directory import Directory, DirectoryGoneError
from infra.intake.files import look_at

pytestmark = pytest.mark.anyio

PDF = b"%PDF-1.7\nsheet\n%%EOF\n"
PATIENCE = 10.0
# Longer than it takes to look, so that what is not given within it never will be.
A_WHILE = 0.6


class Watched:
    """A directory under watch, and the names that were given so far."""

    def __init__(self, path: Path, directory: Directory) -> None:
        self.path = path
        self._settled = directory.settled()
        self._directory = directory
        self._next: asyncio.Task[Path] | None = None

    def put(self, name: str, content: bytes = PDF) -> Path:
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    async def given(self, seconds: float = PATIENCE) -> str | None:
        """Give the name of the next file; None if there is none in time."""
        if self._next is None:
            self._next = asyncio.create_task(self._one())
        done, _ = await asyncio.wait({self._next}, timeout=seconds)
        if not done:
            return None
        found, self._next = self._next.result(), None
        look = look_at(found)
        assert look is not None
        self._directory.done_with(found, look)
        return str(found.relative_to(self.path))

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait({self._next})
        await self._settled.aclose()

    async def _one(self) -> Path:
        return await anext(self._settled)


@asynccontextmanager
async def watching(path: Path, **settings: Any) -> AsyncIterator[Watched]:
    wanted = FileWatcher(**{"debounce_time": 0.1} | settings)
    watched = Watched(path, Directory(path, wanted, frozenset({path / "processed"})))
    try:
        yield watched
    finally:
        await watched.close()


@pytest.mark.parametrize("polling", [False, True])
async def test_files_that_are_there_before_and_files_that_come_are_given_once(
    tmp_path: Path, *, polling: bool
) -> None:
    (tmp_path / "before.pdf").write_bytes(PDF)
    async with watching(tmp_path, force_polling=polling) as watched:
        assert await watched.given() == "before.pdf"
        watched.put("written.PDF")
        assert await watched.given() == "written.PDF"
        (tmp_path / ".arriving").write_bytes(PDF)
        (tmp_path / ".arriving").rename(tmp_path / "renamed.pdf")
        assert await watched.given() == "renamed.pdf"
        assert await watched.given(A_WHILE) is None


async def test_what_is_not_wanted_is_never_given(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.pdf").write_bytes(PDF)
    async with watching(tmp_path / "watched") as watched:
        watched.path.mkdir()
        for name in (".hidden.pdf", "copy.pdf~", "x.tmp", "notes.txt", "deeper/x.pdf"):
            watched.put(name)
        (watched.path / "link.pdf").symlink_to(outside / "secret.pdf")
        os.mkfifo(watched.path / "pipe.pdf")
        (watched.path / "directory.pdf").mkdir()
        watched.put("empty.pdf", b"")
        assert await watched.given(A_WHILE) is None
        watched.put("wanted.pdf")
        assert await watched.given() == "wanted.pdf"


async def test_a_file_is_not_given_while_it_grows_or_lacks_its_end(tmp_path: Path) -> None:
    async with watching(tmp_path, debounce_time=0.5) as watched:
        path = watched.put("sheet.pdf", b"%PDF-1.7\n")
        for _ in range(8):
            assert await watched.given(0.2) is None
            with path.open("ab") as file:
                file.write(b"a row of the sheet\n")
        assert await watched.given(A_WHILE) is None  # it rests, and has no end yet
        with path.open("ab") as file:
            file.write(b"%%EOF\n")
        assert await watched.given(0.2) is None
        assert await watched.given() == "sheet.pdf"


async def test_a_file_that_changes_later_is_given_again(tmp_path: Path) -> None:
    async with watching(tmp_path) as watched:
        watched.put("sheet.pdf")
        assert await watched.given() == "sheet.pdf"
        watched.put("sheet.pdf", PDF + b"%%EOF\n")
        assert await watched.given() == "sheet.pdf"


async def test_directories_within_are_watched_if_asked_for_but_not_where_files_are_moved_to(
    tmp_path: Path,
) -> None:
    async with watching(tmp_path, recursive=True) as watched:
        watched.put("a/one.pdf")
        assert await watched.given() == "a/one.pdf"
        watched.put("processed/two.pdf")
        watched.put(".git/three.pdf")
        assert await watched.given(A_WHILE) is None


async def test_a_directory_that_is_replaced_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.intake.directory.LOOK_AROUND_SECONDS", 0.1)
    path = tmp_path / "watched"
    path.mkdir()
    directory = Directory(path, FileWatcher(), frozenset())
    (path / "x.txt").touch()

    async def replace() -> None:
        await asyncio.sleep(0.5)
        path.rename(tmp_path / "elsewhere")

    replacing = asyncio.create_task(replace())
    async with asyncio.timeout(PATIENCE), aclosing(directory.settled()) as settled:
        with pytest.raises(DirectoryGoneError):
            await anext(settled)
    await replacing


async def test_a_name_that_is_not_utf_8_interrupts_nothing(tmp_path: Path) -> None:
    async with watching(tmp_path) as watched:
        assert await watched.given(A_WHILE) is None
        name = os.fsdecode("számla.pdf".encode("latin-1"))
        watched.put(name)
        assert await watched.given() == name
        watched.put("next.pdf")
        assert await watched.given() == "next.pdf"

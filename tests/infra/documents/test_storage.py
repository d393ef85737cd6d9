"""Documents come in piece by piece, and are kept once, for the server's account alone."""

import asyncio
import hashlib
import os
import tempfile
import threading
import time
from pathlib import Path

import pytest

from application.documents.storage import DocumentTooLargeError, Received
from domain.errors import InvalidFieldError
from infra.documents.storage import FileDocumentStorage

pytestmark = pytest.mark.anyio

PDF = b"%PDF-1.7 and so on %%EOF"
MOST_BYTES = 100
DIGEST = hashlib.sha256(PDF).hexdigest()


@pytest.fixture
def storage(tmp_path: Path) -> FileDocumentStorage:
    return FileDocumentStorage(tmp_path)


async def receive(storage: FileDocumentStorage, *chunks: bytes, keep: bool = True) -> Received:
    async with storage.receiving(MOST_BYTES) as incoming:
        for chunk in chunks:
            await incoming.write(chunk)
        received = await incoming.end()
        if keep:
            async with storage.settling():
                await incoming.keep()
        return received


def files(home: Path) -> list[Path]:
    return [path for path in home.glob("documents/*/**/*") if path.is_file()]


def directories(home: Path) -> list[Path]:
    return [home / "documents", *(path for path in home.glob("documents/**/*") if path.is_dir())]


async def test_what_comes_in_piece_by_piece_is_kept_by_its_digest(
    storage: FileDocumentStorage, tmp_path: Path
) -> None:
    received = await receive(storage, b"%P", b"DF", *[bytes([byte]) for byte in PDF[4:]])
    assert received == Received(sha256=DIGEST, size_bytes=len(PDF))
    assert storage.path(DIGEST).read_bytes() == PDF
    assert files(tmp_path) == [storage.path(DIGEST)]


async def test_nobody_else_may_read_it(storage: FileDocumentStorage, tmp_path: Path) -> None:
    await receive(storage, PDF)
    assert storage.path(DIGEST).stat().st_mode & 0o777 == 0o600
    modes = {path.stat().st_mode & 0o777 for path in directories(tmp_path)}
    assert modes == {0o700}


async def test_the_same_bytes_are_kept_once(storage: FileDocumentStorage, tmp_path: Path) -> None:
    await asyncio.gather(*(receive(storage, PDF) for _ in range(5)))
    assert files(tmp_path) == [storage.path(DIGEST)]


@pytest.mark.parametrize("content", [b"", b"%PD", b"<html>", b" %PDF-1.7"])
async def test_what_does_not_begin_like_a_pdf_is_refused_and_gone(
    storage: FileDocumentStorage, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(InvalidFieldError) as refused:
        await receive(storage, content)
    assert refused.value.field == "file"
    assert files(tmp_path) == []


async def test_what_is_no_pdf_is_refused_at_its_first_bytes(storage: FileDocumentStorage) -> None:
    async with storage.receiving(MOST_BYTES) as incoming:
        with pytest.raises(InvalidFieldError):
            await incoming.write(b"PK")


async def test_what_is_too_large_is_refused_while_it_comes_in(
    storage: FileDocumentStorage, tmp_path: Path
) -> None:
    async with storage.receiving(MOST_BYTES) as incoming:
        await incoming.write(PDF)
        with pytest.raises(DocumentTooLargeError, match="File size exceeds maximum allowed size"):
            await incoming.write(bytes(100))
    assert files(tmp_path) == []


async def test_who_is_called_off_while_a_file_is_opened_leaves_none(
    storage: FileDocumentStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens, may_open, make = threading.Event(), threading.Event(), tempfile.mkstemp

    def slowly(dir: Path) -> tuple[int, str]:  # noqa: A002 - as it is called
        opens.set()
        may_open.wait(10)
        return make(dir=dir)

    monkeypatch.setattr("infra.documents.storage.tempfile.mkstemp", slowly)
    receiving = asyncio.create_task(receive(storage, PDF))
    await asyncio.to_thread(opens.wait, 10)
    receiving.cancel()
    may_open.set()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert files(tmp_path) == []


async def test_what_was_removed_can_be_kept_again(storage: FileDocumentStorage) -> None:
    await receive(storage, PDF)
    await storage.remove(DIGEST)
    await storage.remove(DIGEST)
    assert not storage.path(DIGEST).exists()
    await receive(storage, PDF)
    assert storage.path(DIGEST).exists()
    assert [digest async for digest in storage.kept()] == [DIGEST]


async def test_what_died_coming_in_is_removed_a_day_later(
    storage: FileDocumentStorage, tmp_path: Path
) -> None:
    incoming = tmp_path / "documents" / "incoming"
    incoming.mkdir(parents=True)
    for name, age in (("old", 90_000), ("young", 60)):
        (incoming / name).write_bytes(b"%PDF-")
        then = time.time() - age
        os.utime(incoming / name, (then, then))
    assert await storage.remove_abandoned() == 1
    assert [path.name for path in files(tmp_path)] == ["young"]


async def test_one_settles_at_a_time(storage: FileDocumentStorage) -> None:
    order: list[str] = []

    async def settle(name: str) -> None:
        async with storage.settling():
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")

    await asyncio.gather(settle("one"), settle("two"))
    assert order in (
        ["one begins", "one ends", "two begins", "two ends"],
        ["two begins", "two ends", "one begins", "one ends"],
    )

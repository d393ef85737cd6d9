"""Readers are processes that end with whoever asked, whatever they are doing."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import psutil
import pytest

from application.documents.ports import RefusalCode, UnreadableDocumentError
from infra.documents.processes import ProcessLimits
from infra.documents.reader import PdfSheetReader, ReadingLimits
from tests.corpus import HOSTILE, SHEET

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("readers")]

SMALL = HOSTILE / "no_football.pdf"


@pytest.fixture
async def reader() -> AsyncIterator[PdfSheetReader]:
    async with PdfSheetReader() as reader:
        yield reader


def processes(parent: int | None = None) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(parent).children()
        if child.status() != psutil.STATUS_ZOMBIE and "infra.documents.worker" in child.cmdline()
    ]


async def ended(process: psutil.Process) -> None:
    """Wait until a process is gone, or is nothing but a number that nobody has asked for."""

    def wait() -> None:
        deadline = time.monotonic() + 5
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    await asyncio.to_thread(wait)


async def at_work(process: psutil.Process) -> None:
    """Wait until a process has begun to do something."""
    before = process.cpu_times().user

    def wait() -> None:
        deadline = time.monotonic() + 5
        while process.cpu_times().user <= before:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    await asyncio.to_thread(wait)


async def test_one_process_reads_one_document_after_the_other(reader: PdfSheetReader) -> None:
    await reader.inspect(SMALL)
    (process,) = processes()
    facts = await reader.inspect(SMALL)
    assert [page.number async for page in reader.pages(SMALL, facts)] == [1]
    assert processes() == [process]


async def test_two_documents_are_read_at_the_same_time_by_two(reader: PdfSheetReader) -> None:
    await asyncio.gather(reader.inspect(SMALL), reader.inspect(SMALL))
    assert len(processes()) == 2


async def test_a_process_gets_none_of_the_servers_secrets(
    reader: PdfSheetReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANNALS_MASTER_KEY", "a secret")
    await reader.inspect(SMALL)
    (process,) = processes()
    assert "ANNALS_MASTER_KEY" not in process.environ()


async def test_cancelling_ends_the_process_within_a_second(reader: PdfSheetReader) -> None:
    facts = await reader.inspect(SHEET)
    (process,) = processes()
    first = asyncio.Event()

    async def read() -> None:
        async for _ in reader.pages(SHEET, facts):
            first.set()

    reading = asyncio.create_task(read())
    await first.wait()
    began = time.monotonic()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await ended(process)
    assert time.monotonic() - began < 1
    assert (await reader.inspect(SMALL)).page_count == 1


async def test_whoever_wants_no_more_pages_leaves_the_process_to_the_next(
    reader: PdfSheetReader,
) -> None:
    facts = await reader.inspect(SHEET)
    async with aclosing(reader.pages(SHEET, facts)) as pages:
        assert (await anext(pages)).number == 2
    (process,) = processes()
    await reader.inspect(SMALL)
    assert processes() == [process]


async def test_pages_whose_reader_is_killed_are_read_by_another(reader: PdfSheetReader) -> None:
    facts = await reader.inspect(SHEET)
    some = msgspec.structs.replace(facts, offer_pages=(2, 3, 4))
    (process,) = processes()
    reading = asyncio.create_task(anext(reader.pages(SHEET, some)))
    await at_work(process)
    process.kill()
    assert (await reading).number == 2


async def test_a_document_that_kills_each_reader_is_refused() -> None:
    # Too little memory to import what reads tables.
    limits = ReadingLimits(process=ProcessLimits(megabytes=150))
    async with PdfSheetReader(limits) as reader:
        facts = await reader.inspect(SMALL)
        with pytest.raises(UnreadableDocumentError) as refusal:
            await anext(reader.pages(SMALL, facts))
        assert refusal.value.code == RefusalCode.RESOURCE_LIMIT


async def test_a_process_at_rest_that_was_killed_is_not_used_again(reader: PdfSheetReader) -> None:
    await reader.inspect(SMALL)
    (process,) = processes()
    process.kill()
    await ended(process)
    assert (await reader.inspect(SMALL)).page_count == 1


async def test_a_document_that_takes_too_long_is_refused() -> None:
    async with PdfSheetReader(ReadingLimits(call_seconds=0.001)) as reader:
        facts = await reader.inspect(SHEET)
        (process,) = processes()
        with pytest.raises(UnreadableDocumentError) as refusal:
            await anext(aiter(reader.pages(SHEET, facts)))
        assert refusal.value.code == RefusalCode.RESOURCE_LIMIT
        await ended(process)


async def test_a_process_at_rest_is_ended_after_a_while() -> None:
    limits = ReadingLimits(process=ProcessLimits(idle_seconds=0.05))
    async with PdfSheetReader(limits) as reader:
        await reader.inspect(SMALL)
        (process,) = processes()
        await ended(process)


async def test_the_end_of_the_context_ends_all_processes() -> None:
    async with PdfSheetReader() as reader:
        await reader.inspect(SMALL)
        (process,) = processes()
    await ended(process)


async def test_a_file_that_changes_while_it_is_read_is_refused(
    reader: PdfSheetReader, tmp_path: Path
) -> None:
    path = tmp_path / "sheet.pdf"
    shutil.copy(SMALL, path)
    facts = await reader.inspect(path)
    path.write_bytes(b"%PDF-1.7\n%%EOF\n")
    with pytest.raises(UnreadableDocumentError) as refusal:
        await anext(aiter(reader.pages(path, facts)))
    assert refusal.value.code == RefusalCode.CORRUPT_PDF


READ_AND_WAIT = """
import asyncio, sys
from pathlib import Path
from infra.documents.reader import PdfSheetReader

async def main():
    async with PdfSheetReader() as reader:
        await reader.inspect(Path(sys.argv[1]))
        print("ready", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_process_ends_with_a_server_that_was_killed() -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        READ_AND_WAIT,
        str(SMALL),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert server.stdout is not None
    assert await server.stdout.readline() == b"ready\n"
    (process,) = processes(server.pid)
    server.kill()
    await server.wait()
    await ended(process)

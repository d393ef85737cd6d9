"""What is put into the watched directory is taken in, once by its content, whoever dies when."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from application.configuration.handlers import Configure, configure, reload_configuration
from application.documents.handlers import delete_document
from application.errors import NotFoundError
from application.intake.ports import ComponentState
from application.metadata import by_system
from domain.documents.document import Document, document_id
from domain.documents.events import Source
from domain.documents.processing_events import ProcessingQueued
from domain.system.events import SystemErrorOccurred
from infra.documents.storage import FileDocumentStorage
from infra.intake.files import place
from infra.settings import Settings
from infra.webhooks.addresses import CheckedAddresses
from interfaces.composition.foundation import Foundation, foundation
from interfaces.composition.intake import configured_directories, file_watching, intake

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")
PATIENCE = 15.0
A_WHILE = 0.8


def pdf(text: str) -> bytes:
    return f"%PDF-1.7\n{text}\n%%EOF\n".encode()


def key_of(content: bytes) -> str:
    return document_id(hashlib.sha256(content).hexdigest())


async def set_up(base: Foundation, **values: Any) -> None:
    command = Configure(section="file_watcher", values={"debounce_time": 0.1} | values)
    addresses = CheckedAddresses(allow_private=False)
    await configure(
        base.event_store.store,
        command,
        BY_TEST,
        addresses=addresses,
        directories=configured_directories(base.settings),
    )
    addresses.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - files signal nothing
            await asyncio.sleep(0.02)


async def document(base: Foundation, content: bytes) -> Document:
    """Wait until a content is taken in."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await base.event_store.store.load(Document, key_of(content))
            except NotFoundError:
                await asyncio.sleep(0.02)


async def queued(base: Foundation) -> list[ProcessingQueued]:
    """Give what was recorded of jobs."""
    page = await base.event_store.reader.page(0, 1000)
    return [
        entry.event
        for entry in page.entries
        if hasattr(entry, "event") and isinstance(entry.event, ProcessingQueued)
    ]


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_bytes(content)
    return unfinished.rename(path)


async def test_nothing_is_watched_until_it_is_configured_and_then_at_once(
    base: Foundation, settings: Settings
) -> None:
    home = settings.annals_home
    first, second = pdf("first"), pdf("second")
    put(home / "inbox" / "first.pdf", first)
    async with file_watching(base).running():
        assert (await intake(base).status()).file_watcher is ComponentState.STOPPED
        await set_up(base, watch_path="inbox", priority=4)
        found = await document(base, first)
        assert found.state.file_path == "source/first.pdf"
        assert (await intake(base).status()).file_watcher is ComponentState.RUNNING

        await set_up(base, watch_path="elsewhere")
        put(home / "inbox" / "ignored.pdf", pdf("ignored"))
        put(home / "elsewhere" / "second.pdf", second)
        await document(base, second)
        await set_up(base, watch_path=None)
        await asyncio.sleep(A_WHILE)
        put(home / "elsewhere" / "third.pdf", pdf("third"))
        await asyncio.sleep(A_WHILE)

    assert [(job.source, job.priority) for job in await queued(base)] == [(Source.WATCHER, 4)] * 2
    assert (home / "inbox" / "first.pdf").read_bytes() == first


async def test_one_content_is_one_document_and_one_job_under_whatever_names_it_comes(
    base: Foundation, settings: Settings
) -> None:
    inbox, done = settings.annals_home / "inbox", settings.annals_home / "done"
    await set_up(base, watch_path="inbox", processed_path="done")
    content, other = pdf("one"), pdf("other")
    async with file_watching(base).running():
        put(inbox / "a.pdf", content)
        await until((done / "a.pdf").exists)
        put(inbox / "b.pdf", content)
        await until((done / "b.pdf").exists)
        put(inbox / "a.pdf", other)  # another file of a name that is taken where it is moved to
        await until(lambda: len(list(done.iterdir())) == 3)
        await until(lambda: not list(inbox.iterdir()))

    assert (done / "a.pdf").read_bytes() == content
    assert {path.read_bytes() for path in done.iterdir()} == {content, other}
    assert len(await queued(base)) == 2


async def test_a_restart_misses_nothing_and_repeats_nothing(
    base: Foundation, settings: Settings
) -> None:
    inbox = settings.annals_home / "inbox"
    await set_up(base, watch_path="inbox")
    contents = [pdf(str(number)) for number in range(4)]
    for number, content in enumerate(contents):
        put(inbox / f"{number}.pdf", content)
        async with file_watching(base).running():
            await document(base, content)
    put(inbox / "last.pdf", pdf("last"))
    async with file_watching(base).running():
        await document(base, pdf("last"))

    assert len(await queued(base)) == len(contents) + 1


async def test_what_was_taken_in_by_one_who_died_before_moving_it_is_only_moved(
    base: Foundation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, done = settings.annals_home / "inbox", settings.annals_home / "done"
    await set_up(base, watch_path="inbox", processed_path="done")
    content = pdf("one")
    put(inbox / "one.pdf", content)
    with monkeypatch.context() as dying:
        dying.setattr("infra.intake.watcher.place", _die)
        async with file_watching(base).running():
            await document(base, content)
    assert (inbox / "one.pdf").exists()

    async with file_watching(base).running():
        await until((done / "one.pdf").exists)
    assert len(await queued(base)) == 1


async def test_of_two_processes_one_watches_and_the_other_takes_over(
    base: Foundation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.intake.watcher.LOCK_SECONDS", 0.1)
    inbox = settings.annals_home / "inbox"
    await set_up(base, watch_path="inbox")
    assert settings.database_url is not None
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(
            foundation(settings, settings.database_url, lasting=False)
        )
        async with file_watching(other).running(), file_watching(base).running():
            for number in range(3):
                put(inbox / f"{number}.pdf", pdf(str(number)))
                await document(base, pdf(str(number)))
        async with file_watching(other).running():
            put(inbox / "3.pdf", pdf("3"))
            await document(base, pdf("3"))

    assert len(await queued(base)) == 4


async def test_what_is_no_pdf_or_too_large_is_refused_and_the_next_file_is_taken_in(
    base: Foundation, settings: Settings
) -> None:
    inbox, done = settings.annals_home / "inbox", settings.annals_home / "done"
    await set_up(base, watch_path="inbox", processed_path="done")
    async with file_watching(base).running():
        put(inbox / "a.pdf", b"no PDF at all %%EOF")
        with put(inbox / ".b", pdf("large")).open("ab") as large:
            large.truncate(101 * 1024 * 1024)
            large.seek(0, 2)
            large.write(b"%%EOF")
        (inbox / ".b").rename(inbox / "b.pdf")
        put(inbox / "c.pdf", pdf("good"))
        await until((done / "c.pdf").exists)

    assert sorted(path.name for path in inbox.iterdir()) == ["a.pdf", "b.pdf"]
    assert len(await queued(base)) == 1


async def test_a_file_that_may_not_be_moved_keeps_no_other_waiting(
    base: Foundation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, done = settings.annals_home / "inbox", settings.annals_home / "done"
    await set_up(base, watch_path="inbox", processed_path="done")

    def forbidding(path: Path, target: Path, sha256: str) -> Path:
        if path.name == "a.pdf":
            raise PermissionError
        return place(path, target, sha256)

    monkeypatch.setattr("infra.intake.watcher.place", forbidding)
    async with file_watching(base).running():
        put(inbox / "a.pdf", pdf("stays"))
        put(inbox / "b.pdf", pdf("goes"))
        await until((done / "b.pdf").exists)

    assert (inbox / "a.pdf").exists()
    assert len(await queued(base)) == 2


async def until_reported(base: Foundation) -> None:
    """Wait until somebody outside can know that nothing is watched."""
    async with asyncio.timeout(PATIENCE):
        while True:
            page = await base.event_store.reader.page(0, 1000, types=["SystemErrorOccurred"])
            if page.entries:
                [recorded] = page.events
                assert isinstance(recorded.event, SystemErrorOccurred)
                assert recorded.event.component == "file_watcher"
                assert recorded.event.details == {"error": "FileExistsError"}
                return
            await asyncio.sleep(0.05)


async def test_a_directory_that_cannot_be_is_told_of_until_another_is_configured(
    base: Foundation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.intake.watcher.BEGIN_AGAIN_SECONDS", 0.1)
    (settings.annals_home / "file").write_bytes(b"no directory")
    await set_up(base, watch_path="file")
    async with file_watching(base).running():
        await until_reported(base)
        assert (await intake(base).status()).file_watcher is ComponentState.FAILING
        await set_up(base, watch_path="inbox")
        put(settings.annals_home / "inbox" / "a.pdf", pdf("a"))
        await document(base, pdf("a"))


async def test_a_deleted_document_does_not_come_back_by_its_file(
    base: Foundation, settings: Settings
) -> None:
    await set_up(base, watch_path="inbox")
    content = pdf("one")
    put(settings.annals_home / "inbox" / "one.pdf", content)
    storage = FileDocumentStorage(settings.annals_home)
    async with file_watching(base).running():
        await document(base, content)
        await delete_document(base.event_store.store, storage, key_of(content), BY_TEST)
        await reload_configuration(base.event_store.store, BY_TEST)
        put(settings.annals_home / "inbox" / "two.pdf", pdf("two"))
        await document(base, pdf("two"))

    assert not (await document(base, content)).state.has_bytes
    assert len(await queued(base)) == 2


def _die(*_: object) -> None:
    raise OSError


async def test_annals_own_documents_are_never_taken_in_again(settings: Settings) -> None:
    around = settings.annals_home / "around"
    settings = msgspec.structs.replace(settings, annals_home=around / "home")
    kept = put(around / "home" / "documents" / "kept" / "aa" / "kept.pdf", pdf("kept"))
    put(around / "home" / "new.pdf", pdf("new"))
    assert settings.database_url is not None
    async with foundation(settings, settings.database_url, lasting=False) as base:
        await set_up(base, watch_path=str(around), recursive=True, processed_path="done")
        async with file_watching(base).running():
            await until((around / "home" / "done" / "new.pdf").exists)
        assert len(await queued(base)) == 1

    assert kept.exists()

"""The downloader asks as configured, takes in what is new once, and goes on whatever happens."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from application.configuration.handlers import Configure, configure
from application.documents.handlers import TakeInDocument, take_in_document
from application.downloads.checking import CHECK_DOWNLOAD, Downloading, downloads
from application.intake.ports import ComponentState
from application.metadata import by_system
from domain.configuration.configuration import Configuration
from domain.documents.document import Document
from domain.documents.events import Source
from domain.documents.processing import ProcessingJob
from domain.downloads.download import Download, digest_of
from domain.downloads.events import FailedBecause
from infra.webhooks.addresses import CheckedAddresses
from interfaces.composition.foundation import Foundation
from interfaces.composition.intake import configured_directories, downloading, intake
from tests.infra.downloads.offering import PDF, Answer, Offering, offering
from tests.infra.event_store.samples import recorded_as

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")
JOBS = """
SELECT args, scheduled_at FROM jobs.procrastinate_jobs
WHERE task_name = 'check_download' ORDER BY id
"""
ALL_DOCUMENTS = "SELECT DISTINCT originator_id FROM events WHERE originator_id LIKE 'document-%'"
DONE = "DELETE FROM jobs.procrastinate_jobs"


class Waiting(NamedTuple):
    """A check that waits: with which arguments, and for how many seconds."""

    arguments: dict[str, Any]
    seconds: float


@pytest.fixture
def server() -> Iterator[Offering]:
    with offering() as offered:
        yield offered


@pytest.fixture
def addresses() -> Iterator[CheckedAddresses]:
    with closing(CheckedAddresses(allow_private=True)) as allowed:
        yield allowed


@pytest.fixture
def downloader(base: Foundation, addresses: CheckedAddresses) -> Downloading:
    return downloading(base, addresses)


async def set_up(base: Foundation, addresses: CheckedAddresses, **values: Any) -> None:
    command = Configure(section="web_downloader", values={"timeout": 1} | values)
    await configure(
        base.event_store.store,
        command,
        BY_TEST,
        addresses=addresses,
        directories=configured_directories(base.settings),
    )


async def waiting(base: Foundation) -> list[Waiting]:
    """Take the checks that wait."""
    async with base.pool.connection() as connection:
        rows = await (await connection.execute(JOBS)).fetchall()
        await connection.execute(DONE)
    now = datetime.now(UTC)
    return [Waiting(args, ((at or now) - now).total_seconds()) for args, at in rows]


async def download(base: Foundation, url: str) -> Download:
    return await base.event_store.store.load(Download, digest_of(url))


async def documents(base: Foundation) -> list[Document]:
    async with base.pool.connection() as connection:
        rows = await (await connection.execute(ALL_DOCUMENTS)).fetchall()
    store = base.event_store.store
    return [await store.load(Document, key.removeprefix("document-")) for (key,) in rows]


async def test_nothing_is_asked_until_an_address_is_configured(
    base: Foundation, downloader: Downloading, server: Offering
) -> None:
    await downloader.keep_checking({})
    await downloader.check({})

    assert await waiting(base) == []
    assert server.asked == []
    assert (await intake(base).status()).web_downloader is ComponentState.STOPPED


async def test_a_new_sheet_is_taken_in_once_and_the_next_check_waits_for_its_time(
    base: Foundation, downloader: Downloading, addresses: CheckedAddresses, server: Offering
) -> None:
    url = server.url()
    await set_up(base, addresses, url=url, check_interval=600)
    server.answers["/sheet.pdf"] = [
        Answer(headers={"ETag": '"one"'}),
        Answer(304, b""),
        Answer(headers={"ETag": '"two"'}),
    ]
    for known in (None, '"one"', '"one"', '"two"'):
        await downloader.check({})
        assert server.asked[-1][1].get("if-none-match") == known
        [regular] = await waiting(base)
        assert 590 < regular.seconds <= 600

    [document] = await documents(base)
    completed = await download(base, url)
    assert completed.state.sha256 == document.state.sha256
    assert document.state.file_path == "source/sheet.pdf"
    history = await base.event_store.store.history(completed.id)
    job_id = history[1].event.job_id  # type: ignore[attr-defined]
    job = await base.event_store.store.load(ProcessingJob, job_id)
    assert job.state.document_id == document.key
    assert [recorded.topic for recorded in history] == [
        "DownloadBegun",
        "DownloadCompleted",
        "DownloadUnchanged",
    ]
    status = await intake(base).status()
    assert status.web_downloader is ComponentState.RUNNING
    assert status.last_download == completed.state.completed_at


async def test_a_sheet_that_came_another_way_before_gets_no_second_job(
    base: Foundation, downloader: Downloading, addresses: CheckedAddresses, server: Offering
) -> None:
    async with downloader.storage.receiving(1_000_000) as incoming:
        await incoming.write(PDF)
        command = TakeInDocument(file_path="source/x.pdf", source=Source.UPLOAD, job_id=None)
        store = base.event_store.store
        await take_in_document(store, downloader.storage, incoming, command, BY_TEST)
    await set_up(base, addresses, url=server.url())

    await downloader.check({})

    history = await store.history((await download(base, server.url())).id)
    assert history[1].event.job_id is None  # type: ignore[attr-defined]
    assert len(await documents(base)) == 1


async def test_what_may_pass_is_tried_again_and_then_told_once(
    base: Foundation, downloader: Downloading, addresses: CheckedAddresses, server: Offering
) -> None:
    url = server.url()
    await set_up(base, addresses, url=url, max_retries=2, check_interval=600)
    server.answers["/sheet.pdf"] = [
        Answer(500),
        Answer(503, headers={"Retry-After": "90"}),
        Answer(500),
        Answer(),
    ]
    await downloader.check({})
    regular, retry = await waiting(base)
    assert regular.seconds > 590
    assert retry.arguments["failures"] == 1
    assert 0 < retry.seconds <= 1

    await downloader.check(retry.arguments)
    [retry] = await waiting(base)
    assert (retry.arguments["failures"], round(retry.seconds)) == (2, 90)

    await downloader.check(retry.arguments)
    assert await waiting(base) == []
    failed = await download(base, url)
    assert failed.state.failed_because is FailedBecause.BAD_STATUS
    assert (await intake(base).status()).web_downloader is ComponentState.FAILING

    await downloader.check(regular.arguments)
    assert (await download(base, url)).state.failed_because is None
    assert len(await documents(base)) == 1


async def test_a_check_for_another_configuration_does_nothing(
    base: Foundation, downloader: Downloading, addresses: CheckedAddresses, server: Offering
) -> None:
    await set_up(base, addresses, url=server.url(), check_interval=600)
    await downloader.check({})
    [older] = await waiting(base)
    await set_up(base, addresses, check_interval=60)

    await downloader.check(older.arguments)

    assert len(server.asked) == 1
    assert await waiting(base) == []


async def test_one_check_waits_however_often_it_is_looked_for(
    base: Foundation, downloader: Downloading, addresses: CheckedAddresses, server: Offering
) -> None:
    await set_up(base, addresses, url=server.url())
    for _ in range(3):
        await downloader.keep_checking({})
    assert len(await waiting(base)) == 1

    await asyncio.gather(*(downloader.check({}) for _ in range(3)))
    assert len(await waiting(base)) == 1
    assert len(await documents(base)) == 1


def test_a_change_of_the_downloader_and_a_reload_ask_at_once_and_nothing_else_does() -> None:
    configuration = Configuration.begin()
    configuration.configure("processing", {"timeout": 600})
    configuration.configure("web_downloader", {"url": "https://example.org"})
    configuration.reload()

    jobs = [downloads.jobs(recorded_as(event)) for event in configuration.pending()]

    assert [len(made) for made in jobs] == [0, 0, 1, 1]
    assert {job.name for made in jobs for job in made} == {CHECK_DOWNLOAD.name}
    assert all(job.at is None for made in jobs for job in made)

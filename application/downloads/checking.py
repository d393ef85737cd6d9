"""Asking an address for new sheets, again and again (seed football; contract section 10).

Each check has the next one wait for its time, before it asks, so that one always does; a failed one
has a retry wait beside it. A check goes by the configuration that it was made for: once that is
another, it does nothing, and the change has begun a chain of its own.
"""

import contextlib
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec

from application.configuration.current import CurrentConfiguration
from application.documents.storage import DocumentStorage
from application.downloads.ports import Failure, FetchedFile, Fetcher, Unchanged
from application.errors import ConflictError, NotFoundError
from application.intake.arrivals import Arrival, take_in_arrival
from application.jobs import Arguments, Duty, Job, JobKind, JobQueue
from application.metadata import by_system
from application.ports import EventStore
from application.subscription import Subscription
from domain.configuration.configuration import DOWNLOADER
from domain.configuration.events import ConfigurationReloaded, SectionConfigured
from domain.configuration.sections import Sections, WebDownloader
from domain.documents.document import Document, document_id
from domain.documents.events import Source
from domain.documents.processing import DEFAULT_PRIORITY
from domain.downloads.download import Download, digest_of
from domain.events import Metadata, Recorded

CHECK_DOWNLOAD = JobKind(name="check_download", timeout_seconds=86_400)
KEEP_CHECKING = JobKind(name="keep_checking_download", timeout_seconds=60)

EVERY_MINUTE = "* * * * *"
LONGEST_PAUSE_SECONDS = 300.0

downloads = Subscription("downloads")


@downloads.on(SectionConfigured)
def check_as_configured(recorded: Recorded[SectionConfigured]) -> Sequence[Job]:
    """Ask at once by what was configured."""
    return [_job()] if recorded.event.section == DOWNLOADER else []


@downloads.on(ConfigurationReloaded)
def check_again(_: Recorded[ConfigurationReloaded]) -> Sequence[Job]:
    """Ask at once."""
    return [_job()]


@dataclass(frozen=True, kw_only=True)
class Downloading:
    """What a check works with."""

    store: EventStore
    storage: DocumentStorage
    configuration: CurrentConfiguration
    jobs: JobQueue
    fetcher: Fetcher

    def duties(self) -> Sequence[Duty]:
        """Make the duty that checks, and the one that has the next check wait, if none does."""
        return (
            Duty(kind=CHECK_DOWNLOAD, function=self.check),
            Duty(kind=KEEP_CHECKING, function=self.keep_checking, cron=EVERY_MINUTE),
        )

    async def keep_checking(self, _: Arguments) -> None:
        """Begin the chain of checks where none waits, as after the first start."""
        downloader = (await self.configuration.sections()).web_downloader
        if downloader.url is not None:
            await self.jobs.enqueue(_regular(downloader, datetime.now(UTC)))

    async def check(self, arguments: Arguments) -> None:
        """Have the next check wait; ask for a new sheet, and take it in."""
        sections = await self.configuration.sections()
        downloader = sections.web_downloader
        generation = arguments.get("generation")
        if downloader.url is None or generation not in (None, generation_of(downloader)):
            return
        failures = int(arguments.get("failures", 0))
        if failures == 0:
            at = datetime.now(UTC) + timedelta(seconds=downloader.check_interval)
            await self.jobs.enqueue(_regular(downloader, at))
        pause = await self._ask(downloader.url, sections, failures)
        if pause is not None:
            at = datetime.now(UTC) + timedelta(seconds=pause)
            await self.jobs.enqueue(_retry(downloader, at, failures + 1))

    async def _ask(self, url: str, sections: Sections, failures: int) -> float | None:
        """Ask once; give after how many seconds to try again, None if that is all for now."""
        downloader = sections.web_downloader
        download = await self._download(url)
        most_bytes = sections.security.max_file_size_mb * 1024 * 1024
        metadata = by_system(f"download-{uuid4()}")
        known = download.state.validators
        async with self.fetcher.fetching(downloader, known, most_bytes=most_bytes) as found:
            match found:
                case Unchanged():
                    download.find_unchanged()
                case Failure():
                    if found.may_pass and failures < downloader.max_retries:
                        return _pause(failures, found.retry_after, downloader.check_interval)
                    download.fail(found.reason, found.status_code)
                case _:
                    await self._take_in(download, found, metadata, most_bytes)
            with contextlib.suppress(ConflictError):  # another check, made at the same time, saw it
                await self.store.save(download, metadata=metadata)
        return None

    async def _take_in(
        self, download: Download, file: FetchedFile, metadata: Metadata, most_bytes: int
    ) -> None:
        arrival = Arrival(
            name=file.name,
            sha256=file.sha256,
            source=Source.DOWNLOADER,
            priority=DEFAULT_PRIORITY,
        )
        job_id = await take_in_arrival(
            self.store, self.storage, arrival, file.content(), metadata, most_bytes=most_bytes
        )
        document = await self.store.load(Document, document_id(file.sha256))
        await file.keep()
        download.complete(
            file_path=document.state.file_path,
            document_id=document.key,
            job_id=str(job_id) if job_id is not None else None,
            sha256=file.sha256,
            size_bytes=file.size_bytes,
            validators=file.validators,
        )

    async def _download(self, url: str) -> Download:
        try:
            return await self.store.load(Download, digest_of(url))
        except NotFoundError:
            return Download.begin(url)


def generation_of(downloader: WebDownloader) -> str:
    """Name a configuration of the downloader, so that two different ones have different names."""
    return hashlib.sha256(msgspec.json.encode(downloader)).hexdigest()[:16]


def _job() -> Job:
    """Make a check that goes by whatever is configured when its turn comes."""
    return CHECK_DOWNLOAD.job()


def _regular(downloader: WebDownloader, at: datetime) -> Job:
    generation = generation_of(downloader)
    return CHECK_DOWNLOAD.job(
        {"generation": generation},
        at=at,
        queueing_lock=f"{CHECK_DOWNLOAD.name}-{generation}",
    )


def _retry(downloader: WebDownloader, at: datetime, failures: int) -> Job:
    generation = generation_of(downloader)
    return CHECK_DOWNLOAD.job(
        {"generation": generation, "failures": failures},
        at=at,
        queueing_lock=f"{CHECK_DOWNLOAD.name}-{generation}-retry",
    )


def _pause(failures: int, retry_after: int | None, interval: int) -> float:
    """Give the seconds until the next try: twice as long each time, or as the server wishes."""
    if retry_after is not None:
        return float(min(retry_after, interval))
    longest = min(2.0**failures, LONGEST_PAUSE_SECONDS)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311

"""Sheets of a few rows, a reader of them that tests hold up, and workers that process them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

from application.documents.handlers import TakeInDocument, take_in_document
from application.documents.pipeline import Pipeline
from application.documents.processing import ProcessingLimits, Processor
from application.documents.queueing import Queue
from application.metadata import by_system
from application.ports import EventStore
from domain.documents.events import Source
from domain.documents.processing import ProcessingJob
from domain.documents.processing_events import ProcessingParameters
from domain.documents.sheet import SheetFacts, SheetPage, SheetRow
from infra.documents.slots import PostgresSlots
from infra.postgres.connections import connector
from infra.settings import Settings
from interfaces.services import Services

METADATA = by_system("test")
ISSUED = date(2025, 7, 18)
MOST_BYTES = 1024

# Each page of a sheet has these; of the games, only the odds may differ.
BANDS = ("Péntek (2025. július 18.)", "Labdarúgás, Lengyel bajnokság")


def sheet(*pages: str, issued: date | None = ISSUED) -> bytes:
    """Write a sheet: each page is one row."""
    return "\n".join([f"%PDF- {issued or ''}", *pages]).encode()


def row(code: int, home: str, odds: str = "1,60 4,10 4,75") -> str:
    """Write the row of a game."""
    return f"P 20:30 {code} {home} - Cracovia Krakkó {odds}"


def _lines(path: Path) -> list[str]:
    return path.read_text().split("\n")


class HeldUpReader:
    """Implements SheetReader for such sheets; ``at_page`` is called before each page is read."""

    def __init__(self, at_page: Callable[[int], None] = lambda _: None) -> None:
        self.at_page = at_page
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.reading = 0
        self.most_reading = 0

    async def inspect(self, path: Path) -> SheetFacts:
        head, *pages = _lines(path)
        issued = head.removeprefix("%PDF- ").strip()
        return SheetFacts(
            page_count=len(pages) + 1,
            offer_pages=tuple(range(2, len(pages) + 2)),
            issue_date=date.fromisoformat(issued) if issued else None,
        )

    async def pages(self, path: Path, facts: SheetFacts) -> AsyncGenerator[SheetPage, None]:
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        try:
            for number, line in zip(facts.offer_pages, _lines(path)[1:], strict=True):
                self.at_page(number)
                await self.may_read.wait()
                texts = [*BANDS, line] if number == facts.offer_pages[0] else [line]
                yield SheetPage(
                    number=number,
                    rows=tuple(
                        SheetRow(page=number, line=place, text=text)
                        for place, text in enumerate(texts, start=1)
                    ),
                )
        finally:
            self.reading -= 1


class Works:
    """What takes documents in, and the workers that process them with the reader."""

    def __init__(
        self,
        services: Services,
        settings: Settings,
        reader: HeldUpReader,
        *,
        timeout_seconds: float = 60.0,
        retry_attempts: int = 0,
        store: EventStore | None = None,
    ) -> None:
        assert settings.database_url is not None
        self.services = services
        self.reader = reader
        self.slots = PostgresSlots(connector(settings.database_url, "test"))
        self.most_at_a_time = 1
        store = store or services.store
        pipeline = Pipeline(
            store,
            services.document_storage,
            reader,
            services.games,
            configuration=services.configuration.sections,
            aliases=services.aliases.table,
        )

        async def limits() -> ProcessingLimits:
            return ProcessingLimits(timeout_seconds, retry_attempts)

        self.processor = Processor(store, pipeline, limits)

    def queue(self) -> Queue:
        """Give the queue as another process would see it."""

        async def most_at_a_time() -> int:
            return self.most_at_a_time

        services = self.services
        return Queue(
            services.documents,
            self.slots,
            services.freshness,
            self.processor,
            most_at_a_time=most_at_a_time,
            most_here=10,
        )

    async def take_in(
        self,
        content: bytes,
        *,
        priority: int = 2,
        parameters: ProcessingParameters | None = None,
    ) -> str:
        """Take a sheet in and queue its job."""
        storage, job_id = self.services.document_storage, uuid4()
        async with storage.receiving(MOST_BYTES) as incoming:
            await incoming.write(content)
            command = TakeInDocument(
                file_path="source/sheet.pdf",
                source=Source.UPLOAD,
                job_id=job_id,
                priority=priority,
                parameters=parameters or ProcessingParameters(),
            )
            await take_in_document(self.services.store, storage, incoming, command, METADATA)
        return str(job_id)

    async def job(self, job_id: str) -> ProcessingJob:
        return await self.services.store.load(ProcessingJob, job_id)

    async def process(self, content: bytes) -> ProcessingJob:
        """Take a sheet in and see it through."""
        job_id = await self.take_in(content)
        await self.queue().work_off()
        return await self.job(job_id)

    async def topics(self, job_id: str | UUID) -> list[str]:
        """Name what happened to a job."""
        history = await self.services.store.history(f"job-{job_id}")
        return [recorded.topic for recorded in history]

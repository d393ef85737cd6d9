"""What is done with documents in the background."""

from collections.abc import Iterator

from application.documents.handlers import sweep_documents
from application.documents.pipeline import Pipeline
from application.documents.processing import ProcessingLimits, Processor
from application.documents.queueing import Queue, document_processing
from application.documents.sweeping import document_sweep
from application.jobs import Duty
from infra.documents.reader import PdfSheetReader
from infra.documents.slots import PostgresSlots
from infra.documents.storage import FileDocumentStorage
from infra.postgres.connections import connector
from infra.settings import Settings
from interfaces.composition.foundation import Foundation
from projections.documents.queries import DocumentQueries
from projections.games.queries import GameQueries


def document_storage(settings: Settings) -> FileDocumentStorage:
    """Give where the bytes of documents are kept."""
    return FileDocumentStorage(settings.annals_home)


def document_duties(base: Foundation, reader: PdfSheetReader) -> Iterator[Duty]:
    """Give the duties that process documents, and that remove bytes which no document has."""
    store, configuration = base.event_store.store, base.configuration
    storage = document_storage(base.settings)

    async def limits() -> ProcessingLimits:
        processing = (await configuration.sections()).processing
        return ProcessingLimits(processing.timeout, processing.retry_attempts)

    async def most_at_a_time() -> int:
        return (await configuration.sections()).processing.max_concurrent

    pipeline = Pipeline(
        store,
        storage,
        reader,
        GameQueries(base.pool),
        configuration=configuration.sections,
        aliases=base.aliases.table,
    )
    queue = Queue(
        DocumentQueries(base.pool),
        PostgresSlots(connector(base.conninfo, "document slot")),
        base.freshness,
        Processor(store, pipeline, limits),
        most_at_a_time=most_at_a_time,
        most_here=max(1, base.settings.job_concurrency - 1),
    )

    async def sweep() -> None:
        await sweep_documents(store, storage)

    yield document_processing(queue)
    yield document_sweep(sweep)

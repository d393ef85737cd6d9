"""What somebody in the terminal needs to have documents processed, whether a server runs or not."""

import contextlib
from collections.abc import AsyncIterator

from application.documents.queueing import PROCESS_DOCUMENTS
from application.intake.ingesting import Ingesting
from infra.documents.reader import PdfSheetReader
from infra.intake.local import MachineFiles
from infra.jobs.worker import JobWorker
from infra.postgres.connections import connector
from infra.projections.projector import Projector
from infra.settings import Settings
from interfaces.composition.catalogue import FOLLOWERS
from interfaces.composition.documents import document_duties, document_storage
from interfaces.composition.foundation import foundation


@contextlib.asynccontextmanager
async def compose_ingesting(settings: Settings, conninfo: str) -> AsyncIterator[Ingesting]:
    """Work on documents, beside a server or without one, and on nothing else."""
    async with contextlib.AsyncExitStack() as stack:
        base = await stack.enter_async_context(foundation(settings, conninfo, lasting=True))
        projector = Projector(
            connector(conninfo, "projector"), base.event_store.reader, base.signals, FOLLOWERS
        )
        await stack.enter_async_context(projector.running())
        reader = await stack.enter_async_context(PdfSheetReader())
        duties = [duty for duty in document_duties(base, reader) if duty.kind is PROCESS_DOCUMENTS]
        worker = JobWorker(conninfo, duties, concurrency=settings.job_concurrency)
        await stack.enter_async_context(worker.running())
        yield Ingesting(
            base.event_store.store, document_storage(settings), base.configuration, MachineFiles()
        )

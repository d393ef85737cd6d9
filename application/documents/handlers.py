"""Taking documents in, having them processed, calling that off, and deleting them."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import msgspec

from application.documents.storage import DocumentStorage, IncomingDocument, Received
from application.errors import AlreadyExistsError, NotFoundError
from application.ports import EventStore
from application.retries import retrying
from domain.documents.document import DeletedDocumentError, Document, document_id
from domain.documents.events import Source
from domain.documents.file_path import (
    DocumentPath,
    check_path,
    digest_of,
    distinct_path,
)
from domain.documents.processing import DEFAULT_PRIORITY, ProcessingJob, check_priority
from domain.documents.processing_events import ProcessingParameters
from domain.events import Metadata

T = TypeVar("T")

# A document and its path may both begin at the same time as somebody else's.
BEGINNINGS = 3


class TakeInDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a document that has come in, and have it processed as the job of this id.

    Without a job id it is only kept.
    """

    file_path: str
    source: Source
    job_id: UUID | None
    priority: int = DEFAULT_PRIORITY
    parameters: ProcessingParameters = ProcessingParameters()


class ProcessFile(msgspec.Struct, frozen=True, kw_only=True):
    """Have a document processed that is kept already."""

    job_id: UUID
    file_path: str
    priority: int = DEFAULT_PRIORITY
    parameters: ProcessingParameters = ProcessingParameters()
    source: Source = Source.UPLOAD


async def take_in_document(
    store: EventStore,
    storage: DocumentStorage,
    incoming: IncomingDocument,
    command: TakeInDocument,
    metadata: Metadata,
) -> tuple[Document | ProcessingJob, int]:
    """Keep a document and queue its job; give the job, or without one the document.

    The same bytes are one document, however often they come in. Another document that has the path
    already keeps it, and this one gets a path like it. Raises InvalidFieldError for an empty
    document and a malformed priority.
    """
    check_priority(command.priority)
    received = await incoming.end()

    async def attempt() -> tuple[Document | ProcessingJob, int]:
        path, is_new_path = await _path(store, command.file_path, received)
        document = await _document(store, path, received, command.source)
        paths = [DocumentPath.take(path, document.key)] if is_new_path else []
        if command.job_id is None:
            return document, await store.save(document, *paths, metadata=metadata)
        job = ProcessingJob.queue(
            command.job_id,
            document_id=document.key,
            file_path=path,
            priority=command.priority,
            parameters=command.parameters,
            source=command.source,
        )
        return job, await store.save(job, document, *paths, metadata=metadata)

    async with storage.settling():
        await incoming.keep()
        return await _though_others_begin(attempt)


async def process_file(
    store: EventStore, command: ProcessFile, metadata: Metadata
) -> tuple[ProcessingJob, int]:
    """Have a document processed; give the job.

    Raises InvalidFieldError for a malformed priority and a path that leads out of the store,
    NotFoundError for one that leads nowhere or to a document that has been deleted.
    """
    check_priority(command.priority)
    path = check_path(command.file_path)
    document = await find_document(store, path)
    try:
        document.check_bytes()
    except DeletedDocumentError:
        raise NotFoundError(f"{path} has been deleted") from None
    job = ProcessingJob.queue(
        command.job_id,
        document_id=document.key,
        file_path=path,
        priority=command.priority,
        parameters=command.parameters,
        source=command.source,
    )
    return job, await store.save(job, metadata=metadata)


async def find_document(store: EventStore, file_path: str) -> Document:
    """Give the document that a path leads to. Raises NotFoundError."""
    try:
        path = await store.load(DocumentPath, digest_of(file_path))
    except NotFoundError:
        raise NotFoundError(f"{file_path} does not exist") from None
    return await store.load(Document, path.state.document_id)


async def cancel_job(
    store: EventStore, job_id: UUID, metadata: Metadata
) -> tuple[ProcessingJob, int]:
    """Call a job off; give it. Raises NotFoundError, JobEndedError."""

    async def attempt() -> tuple[ProcessingJob, int]:
        job = await load_job(store, job_id)
        job.cancel()
        return job, await store.save(job, metadata=metadata)

    return await retrying(attempt)


async def load_job(store: EventStore, job_id: UUID) -> ProcessingJob:
    """Give a job. Raises NotFoundError."""
    try:
        return await store.load(ProcessingJob, str(job_id))
    except NotFoundError:
        raise NotFoundError("Job not found") from None


async def delete_document(
    store: EventStore, storage: DocumentStorage, key: str, metadata: Metadata
) -> tuple[Document, int]:
    """Keep the bytes of a document no longer; give it. Raises NotFoundError.

    Who dies before the bytes are gone leaves them to the sweep, which finds that nobody has them.
    """

    async def attempt() -> tuple[Document, int]:
        document = await store.load(Document, key)
        document.delete()
        return document, await store.save(document, metadata=metadata)

    async with storage.settling():
        document, position = await retrying(attempt)
        await storage.remove(document.state.sha256)
    return document, position


async def sweep_documents(store: EventStore, storage: DocumentStorage) -> int:
    """Remove bytes that no document has: of deleted ones, or of such as died coming in. Count."""
    removed = await storage.remove_abandoned()
    async for sha256 in storage.kept():
        async with storage.settling():
            if not await _has_bytes(store, sha256):
                await storage.remove(sha256)
                removed += 1
    return removed


async def _has_bytes(store: EventStore, sha256: str) -> bool:
    try:
        document = await store.load(Document, document_id(sha256))
    except NotFoundError:
        return False
    return document.state.has_bytes and document.state.sha256 == sha256


async def _path(store: EventStore, wanted: str, received: Received) -> tuple[str, bool]:
    """Give the path that the document gets, and whether it is free."""
    for path in (wanted, distinct_path(wanted, received.sha256)):
        try:
            taken = await store.load(DocumentPath, digest_of(path))
        except NotFoundError:
            return path, True
        if taken.state.document_id == document_id(received.sha256):
            return path, False
    raise AssertionError  # the second path has the digest in it


async def _document(store: EventStore, path: str, received: Received, source: Source) -> Document:
    try:
        document = await store.load(Document, document_id(received.sha256))
    except NotFoundError:
        return Document.store(
            received.sha256, size_bytes=received.size_bytes, file_path=path, source=source
        )
    document.arrive_again(file_path=path, source=source)
    return document


async def _though_others_begin(attempt: Callable[[], Awaitable[T]]) -> T:
    """Try again where somebody else began the same document or path: it is there then."""
    for _ in range(BEGINNINGS - 1):
        try:
            return await retrying(attempt)
        except AlreadyExistsError:
            continue
    return await retrying(attempt)

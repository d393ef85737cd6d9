"""Bytes that no document has are swept, and those that one has are not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from application.documents.handlers import TakeInDocument, sweep_documents, take_in_document
from domain.documents.document import Document
from domain.documents.events import Source
from infra.settings import Settings
from interfaces.composition import compose, open_database
from interfaces.services import Services
from tests.application.documents.working import METADATA, MOST_BYTES

pytestmark = pytest.mark.anyio


@pytest.fixture
async def services(settings: Settings, anyio_backend: str) -> AsyncIterator[Services]:
    assert anyio_backend == "asyncio"
    with open_database(settings) as conninfo:
        async with compose(settings, conninfo, frozenset()) as composed:
            yield composed


async def take_in(services: Services, content: bytes, name: str = "sheet") -> Document:
    storage = services.document_storage
    async with storage.receiving(MOST_BYTES) as incoming:
        await incoming.write(content)
        command = TakeInDocument(file_path=f"source/{name}.pdf", source=Source.UPLOAD, job_id=None)
        document, _ = await take_in_document(services.store, storage, incoming, command, METADATA)
    assert isinstance(document, Document)
    return document


async def test_bytes_whose_document_was_never_recorded_are_swept(services: Services) -> None:
    storage = services.document_storage
    kept = await take_in(services, b"%PDF-kept")
    with contextlib.suppress(asyncio.CancelledError):  # like a server that dies in between
        async with storage.receiving(MOST_BYTES) as incoming:
            await incoming.write(b"%PDF-lost")
            received = await incoming.end()
            async with storage.settling():
                await incoming.keep()
                raise asyncio.CancelledError
    assert await sweep_documents(services.store, storage) == 1
    assert not storage.path(received.sha256).exists()
    assert storage.path(kept.state.sha256).exists()


async def test_bytes_of_a_document_that_was_deleted_are_swept(services: Services) -> None:
    storage = services.document_storage
    document = await take_in(services, b"%PDF-deleted")
    loaded = await services.store.load(Document, document.key)
    loaded.delete()
    await services.store.save(loaded, metadata=METADATA)  # and the server dies here
    assert await sweep_documents(services.store, storage) == 1
    assert await sweep_documents(services.store, storage) == 0


async def test_many_who_bring_the_same_at_once_bring_one_document(services: Services) -> None:
    name = str(uuid4())
    taken = await asyncio.gather(*(take_in(services, b"%PDF-same", name) for _ in range(8)))
    assert len({document.id for document in taken}) == 1
    history = await services.store.history(taken[0].id)
    assert [recorded.topic for recorded in history] == ["DocumentStored"]

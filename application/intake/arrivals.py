"""Files that come by themselves, found or fetched: each content is taken in once, whichever way.

Whoever dies in the middle leaves a document that is known, with its job, or nothing: they are
recorded together. So a file can be brought again at any time.
"""

import unicodedata
from collections.abc import AsyncIterable
from uuid import UUID, uuid5

import msgspec

from application.documents.handlers import TakeInDocument, take_in_document
from application.documents.storage import DocumentStorage
from application.errors import AlreadyExistsError, NotFoundError
from application.ports import EventStore
from domain.documents.document import Document, document_id
from domain.documents.events import Source
from domain.documents.file_path import NAME_LENGTH, SUFFIX, UNNAMED, path_of
from domain.events import Metadata

# The same job for the same content, so that no two of those who find it queue two.
JOBS = UUID("6b1d1d8a-52a5-4c41-9c0f-0a5b7d6f6f0e")


class ArrivalChangedError(Exception):
    """A file has another content than a moment ago: somebody still writes it."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came by itself, under some name; ``sha256`` is the digest of its content."""

    name: str
    sha256: str
    source: Source
    priority: int


async def take_in_arrival(
    store: EventStore,
    storage: DocumentStorage,
    arrival: Arrival,
    content: AsyncIterable[bytes],
    metadata: Metadata,
    *,
    most_bytes: int,
) -> UUID | None:
    """Take in a file and queue its job; give that, None if the content was known before.

    Raises InvalidFieldError for what is no PDF, DocumentTooLargeError, ArrivalChangedError.
    """
    if await is_known(store, arrival.sha256):
        return None
    job_id = uuid5(JOBS, arrival.sha256)
    async with storage.receiving(most_bytes) as incoming:
        async for chunk in content:
            await incoming.write(chunk)
        if (await incoming.end()).sha256 != arrival.sha256:
            raise ArrivalChangedError
        command = TakeInDocument(
            file_path=arrival_path(arrival.name),
            source=arrival.source,
            job_id=job_id,
            priority=arrival.priority,
        )
        try:
            await take_in_document(store, storage, incoming, command, metadata)
        except AlreadyExistsError:  # somebody else found it at the same time
            return None
    return job_id


async def is_known(store: EventStore, sha256: str) -> bool:
    """Tell whether a content was ever taken in, though it may have been deleted since."""
    try:
        await store.load(Document, document_id(sha256))
    except NotFoundError:
        return False
    return True


def arrival_path(name: str) -> str:
    """Give the path of a document for a name that nobody answers for."""
    visible = "".join(char for char in unicodedata.normalize("NFC", name) if char.isprintable())
    stem = visible[: -len(SUFFIX)] if visible.lower().endswith(SUFFIX) else visible
    cut = stem.encode()[: NAME_LENGTH - len(SUFFIX)].decode(errors="ignore").strip()
    return path_of(cut + SUFFIX if cut else UNNAMED)

"""Where the bytes of documents are kept; infra implements it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import msgspec


class DocumentTooLargeError(Exception):
    """A document has more bytes than are taken."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__("File size exceeds maximum allowed size")
        self.most_bytes = most_bytes


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A document that came in whole: the digest of its bytes, in hex, and how many there are."""

    sha256: str
    size_bytes: int


class IncomingDocument(Protocol):
    """A document that comes in piece by piece, and is gone again unless it is kept."""

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises InvalidFieldError as soon as it can be no PDF, DocumentTooLargeError once there are
        too many.
        """
        ...

    async def end(self) -> Received:
        """Have received the last byte. Raises InvalidFieldError if it is empty, or no PDF."""
        ...

    async def keep(self) -> None:
        """Keep the bytes for good, though the machine should lose its power right after."""
        ...


class DocumentStorage(Protocol):
    """Keeps each document once, by its digest."""

    def receiving(self, most_bytes: int) -> AbstractAsyncContextManager[IncomingDocument]:
        """Let a document come in; what is not kept by the end of the block is gone."""
        ...

    def settling(self) -> AbstractAsyncContextManager[None]:
        """Keep all others from keeping or removing bytes until what was done is recorded too."""
        ...

    def path(self, sha256: str) -> Path:
        """Give where the bytes are, if they are kept."""
        ...

    async def remove(self, sha256: str) -> None:
        """Keep the bytes no longer; of no effect if there are none."""
        ...

    def kept(self) -> AsyncIterator[str]:
        """Give the digest of every document that has been there for a while."""
        ...

    async def remove_abandoned(self) -> int:
        """Remove what came in a day ago and was never kept; count that."""
        ...

"""What the application needs from outside to read documents; infra implements it."""

from collections.abc import AsyncGenerator
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from domain.documents.sheet import SheetFacts, SheetPage


class RefusalCode(StrEnum):
    """Why a document is not read."""

    EMPTY_FILE = "EMPTY_FILE"
    NOT_A_PDF = "NOT_A_PDF"
    CORRUPT_PDF = "CORRUPT_PDF"
    ENCRYPTED = "ENCRYPTED"
    EXTRACTION_FORBIDDEN = "EXTRACTION_FORBIDDEN"
    ACTIVE_CONTENT = "ACTIVE_CONTENT"
    TOO_MANY_PAGES = "TOO_MANY_PAGES"
    NO_TEXT_LAYER = "NO_TEXT_LAYER"
    NO_USABLE_TEXT = "NO_USABLE_TEXT"
    RESOURCE_LIMIT = "RESOURCE_LIMIT"
    DELETED = "DELETED"
    BYTES_MISSING = "BYTES_MISSING"


class UnreadableDocumentError(Exception):
    """A document that will not be read, however often it is tried; the message is for people."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SheetReader(Protocol):
    """Reads PDFs in processes of their own, which end with whoever asked.

    A document takes neither more time nor more memory than it may, whatever is in it. Cancelling
    the task that waits for a reader, or closing the iterator, ends its process at once.
    """

    async def inspect(self, path: Path) -> SheetFacts:
        """Look at a document as a whole. Raises UnreadableDocumentError if it must be refused."""
        ...

    def pages(self, path: Path, facts: SheetFacts) -> AsyncGenerator[SheetPage, None]:
        """Read the pages with the offer, in order, each when it is done.

        Raises UnreadableDocumentError if a page takes more time or memory than it may.
        """
        ...

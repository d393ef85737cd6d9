"""What downloading needs from outside; infra implements it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from domain.configuration.sections import WebDownloader
from domain.downloads.events import FailedBecause, Validators


class Unchanged(msgspec.Struct, frozen=True):
    """There is nothing new."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing came; ``retry_after`` is in how many seconds the server wants to be asked again."""

    reason: FailedBecause
    status_code: int | None = None
    may_pass: bool = False
    retry_after: int | None = None


class FetchedFile(Protocol):
    """A file that came whole; it is gone at the end of the block in which it came."""

    name: str
    size_bytes: int
    validators: Validators

    @property
    def sha256(self) -> str:
        """The digest of its content, in hex."""
        ...

    def content(self) -> AsyncIterator[bytes]:
        """Read the file."""
        ...

    async def keep(self) -> None:
        """Put the file under its name where downloads are kept, at once and for good."""
        ...


class Fetcher(Protocol):
    """Fetches files from elsewhere."""

    def fetching(
        self, wanted: WebDownloader, known: Validators, *, most_bytes: int
    ) -> AbstractAsyncContextManager[FetchedFile | Unchanged | Failure]:
        """Ask for a file that is newer than what is known."""
        ...

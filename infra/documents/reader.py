"""Reads betting sheets in processes of its own."""

import asyncio
from collections.abc import AsyncGenerator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from application.documents.ports import RefusalCode, UnreadableDocumentError
from domain.documents.sheet import SheetFacts, SheetPage
from infra.documents.messages import Answer, Inspect, Inspected, Read, ReadPages, Refused, Request
from infra.documents.processes import (
    ProcessDiedError,
    ProcessLimits,
    ReadingProcesses,
)

_PAGES_A_CALL = 2
_ATTEMPTS = 2


class ReadingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a document may take. Times are by the clock.

    Reading as a whole may take ``seconds_at_first`` and ``seconds_a_page`` for each page.
    """

    process: ProcessLimits = ProcessLimits()
    pages: int = 500
    inspect_seconds: float = 10.0
    call_seconds: float = 15.0
    seconds_at_first: float = 15.0
    seconds_a_page: float = 2.0


class PdfSheetReader:
    """Implements SheetReader. Its processes end when the context does."""

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()
        self._processes = ReadingProcesses(self._limits.process)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._processes.close()

    async def inspect(self, path: Path) -> SheetFacts:
        """Look at a document as a whole. Raises UnreadableDocumentError if it must be refused."""
        request = Inspect(str(path), self._limits.pages)
        answer = await self._ask(request, self._limits.inspect_seconds)
        assert isinstance(answer, Inspected)
        return answer.facts

    async def pages(self, path: Path, facts: SheetFacts) -> AsyncGenerator[SheetPage, None]:
        """Read the pages with the offer, in order, each when it is done.

        Raises UnreadableDocumentError if a page takes more time or memory than it may.
        """
        limits = self._limits
        loop = asyncio.get_running_loop()
        until = (
            loop.time() + limits.seconds_at_first + limits.seconds_a_page * len(facts.offer_pages)
        )
        numbers = iter(facts.offer_pages)
        while some := tuple(islice(numbers, _PAGES_A_CALL)):
            seconds = min(limits.call_seconds, until - loop.time())
            answer = await self._ask(Read(str(path), some), seconds)
            assert isinstance(answer, ReadPages)
            for page in answer.pages:
                yield page

    async def _ask(self, request: Request, seconds: float) -> Answer:
        """Have a process answer; another one, should the first die, for that may not be its fault.

        Raises UnreadableDocumentError.
        """
        for _ in range(_ATTEMPTS):
            try:
                async with self._processes.taken() as process:
                    answer = await process.ask(request, seconds)
            except ProcessDiedError:
                continue
            except TimeoutError:
                raise UnreadableDocumentError(
                    RefusalCode.RESOURCE_LIMIT, "Reading the PDF takes more time than it may"
                ) from None
            if isinstance(answer, Refused):
                raise UnreadableDocumentError(answer.code, answer.message)
            return answer
        raise UnreadableDocumentError(
            RefusalCode.RESOURCE_LIMIT,
            "Reading the PDF ended the reader: it is damaged, or takes more memory than it may",
        )

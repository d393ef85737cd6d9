"""From the upload of a betting sheet to its games: one sheet, and two at the same time."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator

import httpx

from domain.documents.parsing import parse_sheet
from infra.documents.reader import PdfSheetReader
from tests.benchmarks.database import Ground
from tests.benchmarks.measuring import Outcome, compare
from tests.corpus import SHEET
from tests.serving import Served, serving

GAMES = 340
ROUNDS = 3
LOOK_SECONDS = 0.02

# Reading is to be most of what processing takes.
GOAL_END_TO_END = 0.6
GOAL_AT_ONCE = 1.3

_numbers = itertools.count()


async def measure_documents(ground: Ground) -> Outcome:
    """Compare processing with reading alone, and two sheets at once with one after the other."""
    settings = ground.settings()
    assert settings.annals_master_key is not None
    served = serving(
        settings.annals_home,
        database_url=settings.database_url,
        ANNALS_MASTER_KEY=settings.annals_master_key,
    )
    with served as server:
        async with _Client(server).running() as client, PdfSheetReader() as reader:
            end_to_end = await compare(
                "1 sheet: uploaded, processed, recorded; other side: read and parsed",
                client.one,
                lambda: _read(reader),
                rounds=ROUNDS,
                goal=GOAL_END_TO_END,
                less_is_better=True,
            )
            at_once = await compare(
                "2 sheets: at the same time; other side: one after the other",
                client.two_at_once,
                client.two_in_turn,
                rounds=ROUNDS,
                goal=GOAL_AT_ONCE,
                less_is_better=True,
                warm_up=False,
            )
    return Outcome(
        name="documents",
        title="A betting sheet of 27 pages and 340 games, from its upload to its games",
        unit="seconds",
        ours="Annals",
        other="other",
        comparisons=[end_to_end, at_once],
        notes="""
        Annals: `annals serve` as shipped, two documents at a time, the reading processes warm; from
        the first byte of the upload until the status says "completed". Each sheet has other bytes,
        so that it is another document, which updates the odds of all 340 games.

        Read and parsed: the same reader and parser in a process of its own, nothing recorded.
        """,
    )


class _Client:
    """Uploads sheets, and waits until they are processed."""

    def __init__(self, served: Served) -> None:
        self._http = httpx.AsyncClient(
            base_url=served.url, headers=dict(served.client().headers), timeout=60
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["_Client"]:
        async with self._http:
            yield self

    async def one(self) -> float:
        began = time.perf_counter()
        await self._process()
        return time.perf_counter() - began

    async def two_at_once(self) -> float:
        began = time.perf_counter()
        await asyncio.gather(self._process(), self._process())
        return time.perf_counter() - began

    async def two_in_turn(self) -> float:
        return await self.one() + await self.one()

    async def _process(self) -> None:
        content = SHEET.read_bytes() + f"\n% {next(_numbers)}\n".encode()
        uploaded = await self._http.post("/api/v1/upload", files={"file": ("s.pdf", content)})
        path = f"/api/v1/process/status/{uploaded.json()['job_id']}"
        while (status := (await self._http.get(path)).json())["status"] != "completed":
            assert status["status"] in ("queued", "running"), status
            await asyncio.sleep(LOOK_SECONDS)
        assert status["result"]["games_processed"] == GAMES


async def _read(reader: PdfSheetReader) -> float:
    began = time.perf_counter()
    facts = await reader.inspect(SHEET)
    pages = [page async for page in reader.pages(SHEET, facts)]
    sheet = await asyncio.to_thread(parse_sheet, facts.issue_date, pages)
    assert len(sheet.games) == GAMES
    return time.perf_counter() - began

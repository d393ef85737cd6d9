"""``annals ingest``: betting sheets read from the terminal."""

import asyncio
import contextlib
import glob
import signal
from collections.abc import AsyncGenerator, Iterable, Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from application.intake.ingesting import Ingesting, RefusedFileError
from domain.documents.processing import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY
from domain.events import Metadata
from interfaces.cli.ingest_views import (
    IngestedView,
    ingested_view,
    progress_bars,
    reasons,
    result_table,
)
from interfaces.cli.output import AsJson, complain, console, print_json
from interfaces.cli.running import by_terminal, with_ingesting
from interfaces.first_to_end import first_to_end

LOOK_SECONDS = 0.2
CANCELLED = 130

COMPLETED = "completed"
KNOWN = "known"
REFUSED = "refused"

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="PDFs of betting sheets; with --watch directories, too.",
        exists=True,
    ),
]


def ingest(
    files: Files,
    *,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Go on with files that come or change, until Ctrl-C; known ones aside."
        ),
    ] = False,
    priority: Annotated[
        int,
        typer.Option(
            min=LOWEST_PRIORITY, max=HIGHEST_PRIORITY, help="How urgent it is; 4 is the most."
        ),
    ] = DEFAULT_PRIORITY,
    as_json: AsJson = False,
) -> None:
    """Read betting sheets, with a bar for each, and show what was found.

    It works beside a server as well as without one. Ctrl-C calls off what is not done. With --json,
    a line for each sheet, as soon as it is done. Exits 0 if all sheets were read, 1 if one could
    not be, 130 if one was called off.

    Example: annals ingest sheets/*.pdf
    """
    if not watch and any(not file.is_file() for file in files):
        message = "is no file; directories need --watch"
        raise typer.BadParameter(message, param_hint="FILES")
    statuses = with_ingesting(
        lambda ingesting: _Ingestion(ingesting, priority, as_json=as_json).run(files, watch=watch)
    )
    if "cancelled" in statuses:
        raise typer.Exit(CANCELLED)
    if set(statuses) - {COMPLETED, KNOWN}:
        raise typer.Exit(1)


class _Ingestion:
    """One run of the command: which sheets came, and what became of them."""

    def __init__(self, ingesting: Ingesting, priority: int, *, as_json: bool) -> None:
        self._ingesting = ingesting
        self._priority = priority
        self._as_json = as_json
        self._metadata: Metadata = by_terminal()
        self._bars = progress_bars()
        self._done: list[IngestedView] = []
        self._followed: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()

    async def run(self, files: Sequence[Path], *, watch: bool) -> list[str]:
        """Take the files in and follow them; give what became of each."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._ended.set)
        with self._bars:
            await first_to_end(self._ingest(files, watch=watch), self._until_ended())
            if self._followed:
                await asyncio.wait(self._followed)
        for task in self._followed:
            task.result()
        if not self._as_json and self._done:
            console.print(result_table(self._done))
            for reason in reasons(self._done):
                complain(reason)
        return [view.status for view in self._done]

    async def _ingest(self, files: Sequence[Path], *, watch: bool) -> None:
        async with contextlib.aclosing(self._coming(files) if watch else _given(files)) as coming:
            async for file in coming:
                await self._take_in(file, only_new=watch)
        while not self._ended.is_set() and any(not task.done() for task in self._followed):
            await asyncio.wait(self._followed, timeout=LOOK_SECONDS)

    async def _until_ended(self) -> None:
        await self._ended.wait()

    async def _take_in(self, file: Path, *, only_new: bool) -> None:
        try:
            if only_new and await self._ingesting.is_known(file):
                self._tell(IngestedView(file=str(file), status=KNOWN))
                return
            job_id = await self._ingesting.take_in(file, self._priority, self._metadata)
        except RefusedFileError as error:
            self._tell(IngestedView(file=str(file), status=REFUSED, error=str(error)))
            return
        self._followed.add(asyncio.create_task(self._follow(file, job_id)))

    async def _follow(self, file: Path, job_id: UUID) -> None:
        """Show how a job goes on until it has ended; call it off when the command is ended."""
        bar = self._bars.add_task(file.name, total=100, stage="waits")
        job = await self._ingesting.look_at(job_id)
        while not job.has_ended:
            self._bars.update(bar, completed=job.progress_percent, stage=job.stage or "waits")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._ended.wait()
            if self._ended.is_set():
                await self._ingesting.cancel(job_id, self._metadata)
            job = await self._ingesting.look_at(job_id)
        self._bars.update(bar, completed=job.progress_percent, stage=job.status)
        self._tell(ingested_view(file, job))

    def _tell(self, view: IngestedView) -> None:
        self._done.append(view)
        if self._as_json:
            print_json(view)

    async def _coming(self, files: Sequence[Path]) -> AsyncGenerator[Path]:
        """Give the files that are there and those that come, for as long as one can be watched."""
        queue: asyncio.Queue[Path | None] = asyncio.Queue()
        watching = [
            asyncio.create_task(self._watch(directory, patterns, queue))
            for directory, patterns in _directories(files).items()
        ]
        try:
            while True:
                file = await queue.get()
                if file is not None:
                    yield file
                elif all(task.done() for task in watching):
                    return
        finally:
            for task in watching:
                task.cancel()
            await asyncio.wait(watching)

    async def _watch(
        self, directory: Path, patterns: Iterable[str], queue: asyncio.Queue[Path | None]
    ) -> None:
        try:
            settled = self._ingesting.files.settled(directory, list(patterns))
            async with contextlib.aclosing(settled):
                async for file in settled:
                    queue.put_nowait(file)
        except OSError as error:
            reason = f"The directory cannot be watched: {error.strerror or 'it is gone'}"
            self._tell(IngestedView(file=str(directory), status=REFUSED, error=reason))
        finally:
            asyncio.get_running_loop().call_soon(queue.put_nowait, None)


async def _given(files: Sequence[Path]) -> AsyncGenerator[Path]:
    for file in files:
        yield file


def _directories(files: Sequence[Path]) -> dict[Path, set[str]]:
    """Tell for which names to watch which directories."""
    found: dict[Path, set[str]] = {}
    for file in files:
        if file.is_dir():
            directory, pattern = file, "*.pdf"
        else:
            directory, pattern = file.parent, glob.escape(file.name)
        found.setdefault(directory.resolve(), set()).add(pattern)
    return found

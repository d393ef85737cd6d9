"""Processes that read documents: kept for the next one, killed when one misbehaves."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from infra.documents.messages import ANSWERS, LENGTH, Answer, AreYouThere, Ready, Request, frame
from infra.documents.worker import MEMORY_VARIABLE

_COMMAND = (sys.executable, "-m", "infra.documents.worker")
_START_SECONDS = 60.0
_ANSWER_SECONDS = 5.0
_FROM_OUTSIDE = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")


class ProcessLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a process may take, and how long it is kept.

    ``megabytes`` counts the address space, of which the libraries alone take 400.
    """

    megabytes: int = 1000
    requests: int = 2000
    idle_seconds: float = 300.0


class ProcessDiedError(Exception):
    """The process ended before it had answered."""


class ProcessDidNotStartError(Exception):
    """The process could not be started, which is no document's fault."""


class ReadingProcess:
    """One process, of which one thing is asked at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.requests = 0
        self._process = process

    @classmethod
    async def start(cls, limits: ProcessLimits) -> "ReadingProcess":
        """Start a process. It gets none of the server's secrets, and none of its signals.

        Raises ProcessDidNotStartError.
        """
        environment = {name: os.environ[name] for name in _FROM_OUTSIDE if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            env={
                **environment,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                MEMORY_VARIABLE: str(limits.megabytes),
            },
        )
        started = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                ready = await started._receive()
        except BaseException as error:
            started.kill()
            await asyncio.shield(started.ended())
            if not isinstance(error, ProcessDiedError | TimeoutError):
                raise
            raise ProcessDidNotStartError from None
        assert isinstance(ready, Ready)
        return started

    async def ask(self, request: Request, seconds: float) -> Answer:
        """Have something done. Raises TimeoutError if it takes longer, ProcessDiedError."""
        assert self._process.stdin is not None
        async with asyncio.timeout(seconds):
            with suppress(ConnectionError):  # it died, which reading tells
                self._process.stdin.write(frame(request))
                await self._process.stdin.drain()
            return await self._receive()

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> None:
        """See off a process that ends: nothing of it is left for a loop that closes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        with suppress(ConnectionError):
            await self._process.stdin.wait_closed()
        await self._process.stdout.read()
        await self._process.wait()

    async def _receive(self) -> Answer:
        assert self._process.stdout is not None
        try:
            (length,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
            return ANSWERS.decode(await self._process.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            raise ProcessDiedError from None


class ReadingProcesses:
    """As many processes as documents are read at the same time; those at rest are kept a while."""

    def __init__(self, limits: ProcessLimits) -> None:
        self._limits = limits
        self._resting: dict[ReadingProcess, asyncio.TimerHandle] = {}
        self._busy: set[ReadingProcess] = set()
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[ReadingProcess]:
        """Lend a process; it is killed unless the block ends well."""
        process = await self._take_resting() or await ReadingProcess.start(self._limits)
        self._busy.add(process)
        process.requests += 1
        try:
            yield process
        except BaseException:
            self._end(process)
            raise
        finally:
            self._busy.discard(process)
        if process.requests < self._limits.requests:
            loop = asyncio.get_running_loop()
            self._resting[process] = loop.call_later(self._limits.idle_seconds, self._end, process)
        else:
            self._end(process)

    async def close(self) -> None:
        """End all processes."""
        for process in [*self._busy, *self._resting]:
            self._end(process)
        await asyncio.gather(*self._ending)

    async def _take_resting(self) -> ReadingProcess | None:
        """Take a process that answers: one that rests may have been killed, and nobody told."""
        while self._resting:
            process, timer = self._resting.popitem()
            timer.cancel()
            try:
                await process.ask(AreYouThere(), _ANSWER_SECONDS)
            except (ProcessDiedError, TimeoutError):
                self._end(process)
            except BaseException:
                self._end(process)
                raise
            else:
                return process
        return None

    def _end(self, process: ReadingProcess) -> None:
        timer = self._resting.pop(process, None)
        if timer is not None:
            timer.cancel()
        process.kill()
        ending = asyncio.get_running_loop().create_task(process.ended())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

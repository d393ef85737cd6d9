"""Processes that read documents: kept for the next one, killed when one misbehaves."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from infra.documents.messages import ANSWERS, LENGTH, Answer, Ready, Request, frame
from infra.documents.worker import MEMORY_VARIABLE

_COMMAND = (sys.executable, "-m", "infra.documents.worker")
_START_SECONDS = 60.0
_FROM_OUTSIDE = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")


class ProcessLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a process may take, and how long it is kept.

    ``megabytes`` counts the address space; of which the libraries alone take 400.
    """

    megabytes: int = 1000
    documents: int = 100
    idle_seconds: float = 300.0


class ProcessDiedError(Exception):
    """The process ended before it had answered."""


class ReadingProcess:
    """One process, of which one thing is asked at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.asked = 0
        self._process = process

    @classmethod
    async def start(cls, limits: ProcessLimits) -> "ReadingProcess":
        """Start a process. It gets none of the server's secrets, and none of its signals."""
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
        except (ProcessDiedError, TimeoutError):
            started.kill()
            raise RuntimeError("A process that reads documents does not start") from None
        except BaseException:
            started.kill()
            raise
        assert isinstance(ready, Ready)
        return started

    async def ask(self, request: Request, seconds: float) -> Answer:
        """Have something done. Raises TimeoutError if it takes longer, ProcessDiedError."""
        self.asked += 1
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

    async def end(self) -> None:
        """End the process at once, and see it off: nothing of it is left for a loop that closes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.kill()
        self._process.stdin.close()
        with suppress(ConnectionError):
            await self._process.stdin.wait_closed()
        await self._process.stdout.read()
        await self._process.wait()

    @property
    def alive(self) -> bool:
        """Tell whether the process has not ended."""
        return self._process.returncode is None

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
        self._started: set[ReadingProcess] = set()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[ReadingProcess]:
        """Lend a process; it is killed unless the block ends well."""
        process = self._take_resting() or await self._start()
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        if process.asked < self._limits.documents:
            loop = asyncio.get_running_loop()
            self._resting[process] = loop.call_later(
                self._limits.idle_seconds, self._retire, process
            )
        else:
            process.kill()

    async def close(self) -> None:
        """End all processes."""
        for timer in self._resting.values():
            timer.cancel()
        self._resting.clear()
        await asyncio.gather(*(process.end() for process in self._started))

    async def _start(self) -> ReadingProcess:
        self._started = {process for process in self._started if process.alive}
        process = await ReadingProcess.start(self._limits)
        self._started.add(process)
        return process

    def _take_resting(self) -> ReadingProcess | None:
        while self._resting:
            process, timer = self._resting.popitem()
            timer.cancel()
            if process.alive:
                return process
        return None

    def _retire(self, process: ReadingProcess) -> None:
        timer = self._resting.pop(process, None)
        if timer is not None:
            timer.cancel()
        process.kill()

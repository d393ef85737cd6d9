"""One round trip for all who ask at the same time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

import psycopg

from infra.cancellation import cancelled_for_good
from infra.postgres.failures import is_passing

Q = TypeVar("Q")
R = TypeVar("R")


class Coalescer(Generic[Q, R]):
    """Gathers questions while a batch is under way and answers them with the next.

    Every answer is read after its question was put.
    """

    def __init__(self, name: str, answer: Callable[[list[Q]], Awaitable[list[R]]]) -> None:
        self._name = name
        self._answer = answer
        self._waiting: list[tuple[Q, asyncio.Future[R]]] = []
        self._unanswered: set[asyncio.Future[R]] = set()
        self._wake = asyncio.Event()
        self._stopped = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the task that answers."""
        task = asyncio.create_task(self._run(), name=self._name)
        task.add_done_callback(self._stop)
        try:
            yield
        finally:
            await cancelled_for_good(task)

    async def ask(self, question: Q) -> R:
        """Put a question and wait for its answer; raises what answering it raised."""
        if self._stopped:
            raise self._gone()
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        self._unanswered.add(future)
        future.add_done_callback(self._unanswered.discard)
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            gathered, self._waiting = self._waiting, []
            await self._reply(gathered)

    async def _reply(self, gathered: list[tuple[Q, asyncio.Future[R]]]) -> None:
        """Answer all at once; a question that has no answer is narrowed down, and fails alone."""
        try:
            answers = await self._answer([question for question, _ in gathered])
            replies = list(zip(gathered, answers, strict=True))
        except Exception as error:  # noqa: BLE001 - who asked is told
            if len(gathered) > 1 and not is_passing(error):
                middle = len(gathered) // 2
                for half in (gathered[:middle], gathered[middle:]):
                    await self._reply(half)
                return
            for _, future in gathered:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), answer in replies:
                if not future.done():
                    future.set_result(answer)

    def _stop(self, _: asyncio.Task[None]) -> None:
        """Leave nobody waiting, however the task came to its end."""
        self._stopped = True
        for future in self._unanswered:
            if not future.done():
                future.set_exception(self._gone())

    def _gone(self) -> Exception:
        return psycopg.OperationalError(f"{self._name} has stopped")

"""One round trip for all who ask at the same time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

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
        self._wake = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the task that answers."""
        task = asyncio.create_task(self._run(), name=self._name)
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def ask(self, question: Q) -> R:
        """Put a question and wait for its answer; raises what answering the batch raised."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            gathered, self._waiting = self._waiting, []
            try:
                answers = await self._answer([question for question, _ in gathered])
            except Exception as error:  # noqa: BLE001 - every asker is told
                for _, future in gathered:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), answer in zip(gathered, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)

"""Being interrupted, be it by Ctrl-C or by a signal, without leaving anything behind."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interruptible() -> Iterator[None]:
    """Have SIGTERM and SIGHUP do what Ctrl-C does: leave all blocks in order."""

    def interrupt(_: int, __: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    before = {number: signal.getsignal(number) for number in ENDINGS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, interrupt)
    if before[signal.SIGHUP] is not signal.SIG_IGN:  # as it is under nohup
        signal.signal(signal.SIGHUP, interrupt)
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore what would end us while we clean up."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDINGS}
    try:
        yield
    finally:
        _restore(before)


def run_interruptibly(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; an interruption waits until there is a loop, half of which cannot be left.

    Raises KeyboardInterrupt when it is interrupted, once the coroutine has ended.
    """
    runner = asyncio.Runner()
    try:
        with _held_back():
            runner.get_loop()
        return runner.run(work)
    finally:
        runner.close()
        work.close()


@contextmanager
def _held_back() -> Iterator[None]:
    """Let what would end us come after the block."""
    heard: list[int] = []
    heeded = [number for number in ENDINGS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {
        number: signal.signal(number, lambda number, _: heard.append(number)) for number in heeded
    }
    try:
        yield
    finally:
        _restore(before)
    for number in heard:
        signal.raise_signal(number)


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)

"""The worker processes of a server: they hear what is for them, and end with their supervisor."""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1

ENDING = {signal.SIGINT, signal.SIGTERM}
SUPERVISOR_ENDED = signal.SIGUSR1


def let_workers_hear() -> None:
    """Keep workers that are forked from now on from being deaf until they have handlers.

    They inherit those of their supervisor, which in them would only set a flag that nobody reads.
    """
    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ENDING),
        after_in_parent=_let_signals_in,
        after_in_child=_drop_handlers,
    )


def end_with_supervisor() -> None:
    """Have the kernel tell this worker when its supervisor ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SUPERVISOR_ENDED)
    supervisor = multiprocessing.parent_process()
    if supervisor is not None and os.getppid() != supervisor.pid:
        sys.exit("the supervisor has ended")


def end_when_told(stop_seconds: int) -> None:
    """Have this worker end when its supervisor says so, or when that has ended.

    Then it finishes the requests that are under way, for ``stop_seconds`` at most. Ctrl-C in a
    terminal reaches the worker too, but is for the supervisor.
    """

    def end() -> None:
        # The kernel tells it once for each thread that the supervisor had.
        already_told = signal.alarm(stop_seconds) > 0
        if not already_told:
            signal.raise_signal(signal.SIGTERM)

    loop = asyncio.get_running_loop()
    loop.remove_signal_handler(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop.add_signal_handler(SUPERVISOR_ENDED, end)


def when_told_to_end(end: Callable[[], None]) -> None:
    """Have this worker also do this when it is told to end, before it waits for its requests.

    The server's own handler, which the loop has, hears the signal as before: Python tells it by way
    of the loop's wakeup descriptor, whatever handler stands beside it.
    """
    loop = asyncio.get_running_loop()

    def told(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(end)

    signal.signal(signal.SIGTERM, told)


def _let_signals_in() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def _drop_handlers() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_signals_in()

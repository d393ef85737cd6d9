"""Ending a task that runs for ever.

Python 3.11 loses a cancellation that comes at the moment at which ``asyncio.wait_for``, with which
the connection pool waits, has what it waits for: the task would go on.
"""

import asyncio

AGAIN_SECONDS = 0.5


async def cancelled_for_good(task: asyncio.Task[None], again_after: float = AGAIN_SECONDS) -> None:
    """Cancel a task, again after so many seconds, until it has ended.

    ``again_after`` has to be longer than the task takes to end in good order.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=again_after)

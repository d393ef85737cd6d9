"""Doing several things at once until one of them ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any

AGAIN_SECONDS = 0.5


async def first_to_end(*doing: Coroutine[Any, Any, None]) -> None:
    """Do all until the first has ended, and end the others. Raises what one of them raised."""
    tasks = [asyncio.create_task(one) for one in doing]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        left = set(tasks)
        while left:  # Python 3.11 loses a cancellation now and then
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

"""Commands that commute with what others do try again by themselves."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from application.errors import AlreadyExistsError, ConflictError

R = TypeVar("R")

ATTEMPTS = 10
PAUSE_SECONDS = 0.002


async def retrying(attempt: Callable[[], Awaitable[R]]) -> R:
    """Make an attempt again, from its load on, while somebody else is faster; not for ever.

    Raises the last ConflictError; an AlreadyExistsError at once, for it would not go away.
    """
    for made in range(ATTEMPTS):
        try:
            return await attempt()
        except AlreadyExistsError:
            raise
        except ConflictError:
            if made == ATTEMPTS - 1:
                raise
            await asyncio.sleep(PAUSE_SECONDS * 2**made * random.random())  # noqa: S311
    raise AssertionError

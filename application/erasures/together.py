"""Erasing the personal data of many streams, some of them at once, so that they share commits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from application.errors import ConflictError, NotFoundError

Key = TypeVar("Key")

# No request has to wait for long.
AT_ONCE = 32


class Erased(msgspec.Struct, Generic[Key], frozen=True, kw_only=True):
    """What became of those that were to be neutralized; ``position`` is None for none."""

    done: list[Key]
    failed: list[Key]
    position: int | None


async def each(
    keys: Sequence[Key], neutralize: Callable[[Key], Awaitable[int | None]]
) -> Erased[Key]:
    """Neutralize each, and tell at which position; one that need not be any more gives None.

    One that cannot be read, for one, is a failure of its own and keeps no other from its turn.
    """
    outcomes: list[int | BaseException | None] = []
    for first in range(0, len(keys), AT_ONCE):
        together = keys[first : first + AT_ONCE]
        outcomes += await asyncio.gather(*map(neutralize, together), return_exceptions=True)
    unforeseen = [o for o in outcomes if isinstance(o, BaseException) and not _is_foreseen(o)]
    if unforeseen and len(unforeseen) == len(outcomes):  # then it is not for one's own sake
        raise unforeseen[0]
    told = list(zip(keys, outcomes, strict=True))
    return Erased(
        done=[key for key, outcome in told if isinstance(outcome, int)],
        failed=[key for key, outcome in told if isinstance(outcome, Exception)],
        position=max((o for o in outcomes if isinstance(o, int)), default=None),
    )


def _is_foreseen(error: BaseException) -> bool:
    return isinstance(error, ConflictError | NotFoundError)

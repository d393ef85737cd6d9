"""One page of a list, with the exact number of all that match."""

from typing import Generic, TypeVar

import msgspec

Item = TypeVar("Item")


class Slice(msgspec.Struct, Generic[Item], frozen=True):
    """The items of one page and the total over all pages."""

    items: list[Item]
    total: int

"""What a command is before it is sent."""

from collections.abc import Callable
from typing import NamedTuple

from tests.interfaces.api import Api, Json


class Sendable(NamedTuple):
    """A request with a command, and the stream that it is about; None is one that begins."""

    method: str
    path: str
    body: Json | None
    stream_id: str | None = None


Prepare = Callable[[Api], Sendable]

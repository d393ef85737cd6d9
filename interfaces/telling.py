"""How an event is told to those who listen, rendered once for all of them."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec

from application.outward import OutwardCatalogue
from application.tailing import Entry, shown
from domain.events import Recorded

_encode = msgspec.json.Encoder().encode


class LiveMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message over the WebSocket (seed: Message Types).

    Who asks for what comes after ``position`` gets what follows, and misses nothing.
    """

    type: str
    data: dict[str, Any]
    timestamp: datetime
    position: int


class EncodedMessage(msgspec.Struct, frozen=True):
    """A message as it is sent, with its type."""

    type: str
    text: str


class Telling:
    """An event of the log, as it is told."""

    def __init__(self, entry: Entry, outward: OutwardCatalogue) -> None:
        self.entry = entry
        self._outward = outward

    @cached_property
    def frame(self) -> bytes:
        """The event as a server-sent one, with its position as the id to resume by."""
        view = shown(self.entry)
        head = f"id: {view.position}\nevent: {view.type}\ndata: "
        return head.encode() + _encode(view) + b"\n\n"

    @cached_property
    def messages(self) -> Sequence[EncodedMessage]:
        """The messages that follow from the event, those of the catalogue of outward events."""
        if not isinstance(self.entry, Recorded):
            return ()
        rendered = self._outward.render(self.entry)
        # Only by the last of them does a client have all that comes up to the event's position.
        return [
            _encoded(
                LiveMessage(
                    type=message.name,
                    data=message.data,
                    timestamp=message.timestamp,
                    position=self.entry.position - (1 if left else 0),
                )
            )
            for left, message in zip(range(len(rendered) - 1, -1, -1), rendered, strict=True)
        ]


def _encoded(message: LiveMessage) -> EncodedMessage:
    return EncodedMessage(message.type, _encode(message).decode())

"""What every aggregate is: a stream of events folded into one typed state."""

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from eventsourcing.domain import BaseAggregate
from eventsourcing.utils import register_topic

from domain.events import DomainEvent

if TYPE_CHECKING:
    from collections.abc import Sequence


class Aggregate(BaseAggregate[str]):
    """An aggregate whose events fold into ``state``, an instance of ``STATE``.

    ``TOPIC`` names it in its created event, ``CATEGORY`` begins its stream ids. ``SNAPSHOT_EVERY``
    opts long streams into a snapshot after that many events, of the shape ``SNAPSHOT_VERSION``; a
    snapshot of another shape is passed over. ``CACHEABLE`` lets a process keep the
    folded state between commands; only for aggregates without personal data.
    """

    CATEGORY = ""
    STATE: type[msgspec.Struct] = msgspec.Struct
    SNAPSHOT_EVERY: int | None = None
    SNAPSHOT_VERSION = 1
    CACHEABLE = False

    if TYPE_CHECKING:
        TOPIC: str
        state: Any

    Event = DomainEvent

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_topic(cls.TOPIC, cls)

    @classmethod
    def stream_id(cls, key: int | str) -> str:
        """Name the stream of the aggregate with this id: ``<category>-<id>``."""
        return f"{cls.CATEGORY}-{key}"

    @property
    def key(self) -> str:
        """The part of the stream id that is behind the category."""
        return self.id[len(self.CATEGORY) + 1 :]

    def pending(self) -> "Sequence[DomainEvent]":
        """Take the events that were triggered and not yet recorded."""
        return self.collect_events()  # type: ignore[return-value]


A = TypeVar("A", bound=Aggregate)

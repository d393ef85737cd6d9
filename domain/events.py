"""What every event is: an immutable fact of one aggregate, under a name that never changes."""

from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from eventsourcing.domain import CanInitAggregate, CanMutateAggregate
from eventsourcing.utils import register_topic


class DomainEvent(CanMutateAggregate[str], msgspec.Struct, frozen=True, kw_only=True):
    """A fact about one aggregate, named in the past tense.

    ``TOPIC`` is the name it is stored under, whatever becomes of the class or its module. When its
    fields change, ``class_version`` is raised and a static method ``upcast_v1_v2(state)`` turns the
    stored fields of the older version into those of the next.
    """

    TOPIC: ClassVar[str]
    class_version: ClassVar[int] = 1

    originator_id: str
    originator_version: int
    timestamp: datetime

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "TOPIC" in cls.__dict__:
            register_topic(cls.TOPIC, cls)

    @property
    def subject(self) -> str:
        """Whose data key protects the event's personal fields: by default the stream's own."""
        return self.originator_id

    def _as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__struct_fields__}


class CreatedEvent(CanInitAggregate[str], DomainEvent, frozen=True, kw_only=True):
    """The first fact of an aggregate."""

    originator_topic: str


class RedactionEvent(DomainEvent, frozen=True, kw_only=True):
    """The compensating fact that personal data was erased; recording it destroys the data keys."""

    redacted_fields: list[str]
    reason: str
    policy: str

    @property
    def erased_subjects(self) -> list[str]:
        """The subjects whose data keys are destroyed with this event."""
        return [self.subject]


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """On whose word and through which request an event came to be."""

    actor: str
    correlation_id: str
    causation_id: str | None = None
    request_id: str | None = None


E = TypeVar("E", bound=DomainEvent)


class Recorded(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """An event with its place in the log: position, recorded time and metadata.

    ``redacted`` tells that its protected fields can never be read again.
    """

    event: E
    position: int
    event_id: str
    topic: str
    recorded_at: datetime
    metadata: Metadata
    redacted: bool

    @property
    def stream_id(self) -> str:
        """The stream that the event belongs to."""
        return self.event.originator_id

    @property
    def version(self) -> int:
        """The event's version within its stream."""
        return self.event.originator_version

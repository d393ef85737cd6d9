"""The small domain that the event store is tested with: a thing, and whose it is."""

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from domain.aggregate import Aggregate
from domain.events import CreatedEvent, DomainEvent, Metadata, RedactionEvent
from domain.personal import Personal

BY_TEST = Metadata(actor="tester", correlation_id="test")


class ThingState(msgspec.Struct, kw_only=True):
    """A thing as its events have made it."""

    label: str
    owner: str | None
    notes: list[str] = msgspec.field(default_factory=list)
    borrowers: list[str] = msgspec.field(default_factory=list)
    millimetres: int | None = None


class ThingMade(CreatedEvent, frozen=True, kw_only=True):
    """A thing came to be; whose it is, is personal."""

    TOPIC = "ThingMade"

    label: str
    owner: Personal[str | None]

    def apply(self, aggregate: "Thing") -> None:
        aggregate.state = ThingState(label=self.label, owner=self.owner)


class ThingNoted(DomainEvent, frozen=True, kw_only=True):
    """Something was noted of a thing; nothing personal."""

    TOPIC = "ThingNoted"

    note: str

    def apply(self, aggregate: "Thing") -> None:
        aggregate.state.notes.append(self.note)


class ThingGiven(DomainEvent, frozen=True, kw_only=True):
    """A thing has another owner."""

    TOPIC = "ThingGiven"

    owner: Personal[str]

    def apply(self, aggregate: "Thing") -> None:
        aggregate.state.owner = self.owner


class ThingLent(DomainEvent, frozen=True, kw_only=True):
    """A thing was lent to a person, whose data key is their own and not the thing's."""

    TOPIC = "ThingLent"

    person: str
    borrower: Personal[str]

    @property
    def subject(self) -> str:
        return self.person

    def apply(self, aggregate: "Thing") -> None:
        aggregate.state.borrowers.append(self.borrower)


class ThingMeasured(DomainEvent, frozen=True, kw_only=True):
    """A thing was measured. It was once told in centimetres, and then with a unit."""

    TOPIC = "ThingMeasured"
    class_version: ClassVar[int] = 3

    millimetres: int

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state["length"] = state.pop("centimetres")
        state["unit"] = "cm"

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        factor = {"mm": 1, "cm": 10}[state.pop("unit")]
        state["millimetres"] = state.pop("length") * factor

    def apply(self, aggregate: "Thing") -> None:
        aggregate.state.millimetres = self.millimetres


class ThingForgotten(RedactionEvent, frozen=True, kw_only=True):
    """Whose a thing was, and who had it, was erased for good."""

    TOPIC = "ThingForgotten"

    people: list[str]

    @property
    def erased_subjects(self) -> list[str]:
        return [self.originator_id, *self.people]

    def apply(self, aggregate: "Thing") -> None:
        aggregate.state.owner = None
        aggregate.state.borrowers.clear()


class Thing(Aggregate):
    """A thing that belongs to somebody."""

    TOPIC = "Thing"
    CATEGORY = "thing"
    STATE = ThingState
    CACHEABLE = True

    if TYPE_CHECKING:
        state: ThingState

    @classmethod
    def make(cls, key: int | str, label: str = "a thing", owner: str | None = None) -> "Thing":
        return cls._create(ThingMade, id=cls.stream_id(key), label=label, owner=owner)

    def note(self, note: str) -> None:
        self.trigger_event(ThingNoted, note=note)

    def give(self, owner: str) -> None:
        self.trigger_event(ThingGiven, owner=owner)

    def lend(self, person: str, borrower: str) -> None:
        self.trigger_event(ThingLent, person=person, borrower=borrower)

    def measure(self, millimetres: int) -> None:
        self.trigger_event(ThingMeasured, millimetres=millimetres)

    def forget(self, *people: str) -> None:
        self.trigger_event(
            ThingForgotten,
            redacted_fields=["owner"],
            reason="asked to",
            policy="test",
            people=list(people),
        )


class LongThing(Thing):
    """A thing to which so much happens that it is worth a snapshot now and then."""

    TOPIC = "LongThing"
    CATEGORY = "long_thing"
    SNAPSHOT_EVERY = 4
    CACHEABLE = False

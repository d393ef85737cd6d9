"""What a subscription is: a name, a version, and handlers from event types to jobs."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from application.jobs import Job
from domain.events import DomainEvent, Recorded

E = TypeVar("E", bound=DomainEvent)

Reaction = Callable[[Recorded[E]], Sequence[Job]]


class Subscription:
    """A durable reaction to events: each that it handles makes its jobs exactly once.

    It begins where the log stands when it is first installed, and never goes back: neither another
    version of it nor a rebuilt read model makes the jobs of an event again. Handlers are pure.
    """

    def __init__(self, name: str, *, version: int = 1) -> None:
        self.name = name
        self.version = version
        self._reactions: dict[str, Reaction[Any]] = {}

    def on(self, *event_types: type[E]) -> Callable[[Reaction[E]], Reaction[E]]:
        """Declare which jobs follow from some event types."""

        def register(reaction: Reaction[E]) -> Reaction[E]:
            for event_type in event_types:
                assert event_type.TOPIC not in self._reactions, f"{event_type.TOPIC} handled twice"
                self._reactions[event_type.TOPIC] = reaction
            return reaction

        return register

    @property
    def id(self) -> str:
        """The subscription, whichever its version: there is one of it."""
        return self.name

    @property
    def topics(self) -> frozenset[str]:
        """The event types that the subscription reads."""
        return frozenset(self._reactions)

    def jobs(self, recorded: Recorded[DomainEvent]) -> Sequence[Job]:
        """Give the jobs that follow from an event."""
        reaction = self._reactions.get(recorded.topic)
        return reaction(recorded) if reaction is not None else ()

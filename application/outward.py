"""What outsiders are told: outward events, each declared once, next to the feature it is about.

An outward event is rendered from the domain event, as that can be read at the moment: once its
subject has been erased, with ``[REDACTED]`` in place of each personal value.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from domain.errors import InvalidFieldError
from domain.events import DomainEvent, Recorded

E = TypeVar("E", bound=DomainEvent)

Rendering = Callable[[Recorded[E]], dict[str, Any] | None]

EVERYTHING = "*"

_PATTERN = re.compile(r"\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?")


class OutwardType(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of outward event; ``example`` is what its ``data`` may look like."""

    name: str
    description: str
    example: Mapping[str, Any]


class OutwardMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What outsiders are told of an event: ``data`` holds nothing but what JSON has."""

    name: str
    timestamp: datetime
    data: dict[str, Any]


class OutwardEvents:
    """The outward events of a feature."""

    def __init__(self) -> None:
        self.types: dict[str, OutwardType] = {}
        self.renderings: list[tuple[str, str, Rendering[Any]]] = []

    def on(
        self,
        *event_types: type[E],
        name: str,
        description: str,
        example: Mapping[str, Any],
    ) -> Callable[[Rendering[E]], Rendering[E]]:
        """Declare which outward event follows from some event types, and how it is rendered.

        The rendering is pure, and gives None for an event that nobody outside is told of.
        """
        assert name not in self.types, f"{name} declared twice"
        self.types[name] = OutwardType(name=name, description=description, example=example)
        return self.also_on(*event_types, name=name)

    def also_on(self, *event_types: type[E], name: str) -> Callable[[Rendering[E]], Rendering[E]]:
        """Declare further event types from which an outward event of the feature follows."""
        assert name in self.types, f"{name} is not declared"

        def register(rendering: Rendering[E]) -> Rendering[E]:
            self.renderings.extend((kind.TOPIC, name, rendering) for kind in event_types)
            return rendering

        return register


class OutwardCatalogue:
    """All outward events of all features."""

    def __init__(self, *features: OutwardEvents) -> None:
        self._types: dict[str, OutwardType] = {}
        self._renderings: dict[str, list[tuple[str, Rendering[Any]]]] = {}
        for feature in features:
            assert not self._types.keys() & feature.types.keys(), "an outward event declared twice"
            self._types |= feature.types
            for topic, name, rendering in feature.renderings:
                self._renderings.setdefault(topic, []).append((name, rendering))

    @property
    def names(self) -> frozenset[str]:
        """The names of all outward events."""
        return frozenset(self._types)

    @property
    def topics(self) -> frozenset[str]:
        """The types of the domain events from which outward ones may follow."""
        return frozenset(self._renderings)

    def describe(self) -> Sequence[OutwardType]:
        """Give all kinds of outward events by name."""
        return [self._types[name] for name in sorted(self._types)]

    def render(self, recorded: Recorded[DomainEvent]) -> Sequence[OutwardMessage]:
        """Render the outward events that follow from an event, if any."""
        messages = []
        for name, rendering in self._renderings.get(recorded.topic, ()):
            data = rendering(recorded)
            if data is not None:
                messages.append(
                    OutwardMessage(
                        name=name,
                        timestamp=recorded.event.timestamp,
                        data=msgspec.to_builtins(data),
                    )
                )
        return messages

    def check_patterns(self, field: str, patterns: Iterable[str]) -> None:
        """Check that each pattern is well-formed and fits an outward event.

        Raises InvalidFieldError, which names the field.
        """
        for pattern in patterns:
            if _PATTERN.fullmatch(pattern) is None:
                message = f'has "{pattern[:80]}": each must be a name, a beginning like run.*, or *'
                raise InvalidFieldError(field, message)
            if not any(matches(pattern, name) for name in self._types):
                raise InvalidFieldError(field, f'has "{pattern[:80]}", which fits no event type')


def matches(pattern: str, name: str) -> bool:
    """Tell whether a pattern fits: ``*`` all names, ``run.*`` those that begin with ``run.``."""
    if pattern == EVERYTHING:
        return True
    if pattern.endswith(".*"):
        return name.startswith(pattern[:-1])
    return pattern == name

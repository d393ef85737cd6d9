"""What a projection is: a name, a version, its tables, and handlers from event types to changes."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, LiteralString, TypeVar

from psycopg.sql import SQL, Composed, Identifier

from domain.events import DomainEvent, Recorded
from projections.table import Key, Rows, Table, Tally

E = TypeVar("E", bound=DomainEvent)

Touched = Iterable[tuple[Table[Any], Key]]
Handler = Callable[[Recorded[Any], Rows], None]
Touches = Callable[[Recorded[Any]], Touched]


def versioned(name: str, version: int) -> str:
    """Name the PostgreSQL schema of a projection in some version."""
    return f"{name}_v{version}"


class Projection:
    """A read model in the making.

    Its tables stand in a PostgreSQL schema of the projection's name and version, made by the SQL
    file. A change of the tables or of what the handlers do raises ``version``: the read model is
    made anew, beside that of the version before, which older processes go on with.
    """

    def __init__(
        self,
        name: str,
        *,
        version: int,
        schema: Path,
        tables: Sequence[Table[Any]],
        tallies: Sequence[Tally] = (),
    ) -> None:
        self.name = name
        self.version = version
        self.schema = schema
        self.tables = tuple(tables)
        self.tallies = tuple(tallies)
        self._handlers: dict[str, tuple[Touches, Handler]] = {}
        self._fallback: tuple[Touches, Handler] | None = None

    @property
    def id(self) -> str:
        """The projection in this version, which is also the name of its PostgreSQL schema."""
        return versioned(self.name, self.version)

    @property
    def table_names(self) -> list[str]:
        """The names of all tables."""
        return [*(table.name for table in self.tables), *(tally.name for tally in self.tallies)]

    def query(self, text: LiteralString) -> Composed:
        """Give a statement on the tables, in which ``{schema}`` stands before their names."""
        return SQL(text).format(schema=Identifier(self.id))

    def on(
        self, *event_types: type[E], touches: Touches = lambda _: ()
    ) -> Callable[[Callable[[Recorded[E], Rows], None]], Callable[[Recorded[E], Rows], None]]:
        """Declare the handler of some event types; ``touches`` names the rows that it looks up."""

        def register(
            handler: Callable[[Recorded[E], Rows], None],
        ) -> Callable[[Recorded[E], Rows], None]:
            for event_type in event_types:
                assert event_type.TOPIC not in self._handlers, f"{event_type.TOPIC} handled twice"
                self._handlers[event_type.TOPIC] = (touches, handler)
            return handler

        return register

    def on_every_event(self, handler: Handler) -> Handler:
        """Declare the handler of all event types that have no other."""
        self._fallback = (lambda _: (), handler)
        return handler

    @property
    def topics(self) -> frozenset[str] | None:
        """The event types that the projection reads; None means all."""
        return None if self._fallback is not None else frozenset(self._handlers)

    def touched(self, recorded: Recorded[DomainEvent]) -> Touched:
        """Name the rows that must be at hand before the event is applied."""
        found = self._handlers.get(recorded.topic, self._fallback)
        return found[0](recorded) if found is not None else ()

    def apply(self, recorded: Recorded[DomainEvent], rows: Rows) -> None:
        """Change the rows as the event's handler says."""
        found = self._handlers.get(recorded.topic, self._fallback)
        if found is not None:
            found[1](recorded, rows)

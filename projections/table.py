"""A read model's table and the rows of it that a batch of events works on."""

from collections.abc import Iterable
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)
Key = int | str

_COLUMN_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "bigint",
    float: "double precision",
    str: "text",
    datetime: "timestamptz",
    date: "date",
    UUID: "uuid",
    bytes: "bytea",
}


class Column(msgspec.Struct, frozen=True):
    """A column of a table, with its type in PostgreSQL."""

    name: str
    type: str


class Table(Generic[Row]):
    """A table of a projection: one column for each field of its row type, one of them the key."""

    def __init__(self, name: str, row: type[Row], key: str) -> None:
        self.name = name
        self.row = row
        self.key = key
        hints = get_type_hints(row)
        self.columns = tuple(
            Column(name, _column_type(hints[name])) for name in row.__struct_fields__
        )
        self.key_type = next(column.type for column in self.columns if column.name == key)


def _column_type(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        hint = next(part for part in get_args(hint) if part is not NoneType)
    return _COLUMN_TYPES.get(hint, "jsonb")


class Tally:
    """A table that counts: what is counted are its key columns, how often its ``count``.

    Counting needs no row at hand; a row whose count comes to 0 is gone.
    """

    def __init__(self, name: str, **columns: type) -> None:
        self.name = name
        self.columns = tuple(Column(key, _column_type(kind)) for key, kind in columns.items())


class Rows:
    """The rows that a batch of events touches, loaded before and written back after it."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Table[Any], Key], Any] = {}
        self._changed: dict[tuple[Table[Any], Key], None] = {}
        self._added: set[tuple[Table[Any], Key]] = set()
        self._counts: dict[Tally, dict[tuple[Key, ...], int]] = {}

    def load(self, table: Table[Row], rows: Iterable[Row]) -> None:
        """Take in rows as they are stored."""
        for row in rows:
            self._rows[table, getattr(row, table.key)] = row

    def find(self, table: Table[Row], key: Key) -> Row | None:
        """Give a row to be looked at."""
        return cast("Row | None", self._rows.get((table, key)))

    def edit(self, table: Table[Row], key: Key) -> Row:
        """Give a row to be changed. Raises KeyError if there is none."""
        row = self._rows[table, key]
        self._changed[table, key] = None
        return cast("Row", row)

    def add(self, table: Table[Row], row: Row) -> None:
        """Put in a new row, or another in place of the one with its key."""
        key = getattr(row, table.key)
        self._rows[table, key] = row
        self._changed[table, key] = None
        self._added.add((table, key))

    def remove(self, table: Table[Any], key: Key) -> None:
        """Take a row away."""
        self._rows.pop((table, key), None)
        self._changed[table, key] = None

    def count(self, tally: Tally, *key: Key, by: int = 1) -> None:
        """Count something once more, or once less."""
        counts = self._counts.setdefault(tally, {})
        counts[key] = counts.get(key, 0) + by

    def brought(self) -> "Rows":
        """Give only the rows that the batch put in, as they are at its end, and no counts."""
        rows = Rows()
        rows._rows = self._rows
        rows._changed = {place: None for place in self._changed if place in self._added}
        return rows

    def counts(self, tally: Tally) -> dict[tuple[Key, ...], int]:
        """Give what the batch adds to each count."""
        return {key: by for key, by in self._counts.get(tally, {}).items() if by}

    def changes(self, table: Table[Row]) -> tuple[list[Row], list[Key]]:
        """Give the table's rows to be written and the keys of those to be deleted."""
        written: list[Row] = []
        deleted: list[Key] = []
        for changed_table, key in self._changed:
            if changed_table is table:
                row = self._rows.get((table, key))
                if row is None:
                    deleted.append(key)
                else:
                    written.append(row)
        return written, deleted

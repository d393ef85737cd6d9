"""From a run list's parameters to SQL. Values are always bound, never put into the text."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from psycopg.sql import SQL, Composable, Composed, Identifier

from projections.runs.contents import fold, grams_of
from projections.runs.tables import SCHEMA

ORDER_COLUMNS = frozenset(
    {
        "id",
        "process_id",
        "entity_id",
        "entity_name",
        "status",
        "started_at",
        "finished_at",
        "failed_at",
        "created_at",
        "updated_at",
    }
)

MOMENTS = ("started_at", "finished_at", "failed_at", "created_at")

# Nothing is nested as deep (contract section 3).
MAX_DEPTH = 32

# What the searched contents of a run have of it besides.
OF_CONTENTS = ("id", "process_id", "created_at")

# Neither runs that were deleted, nor those of processes that were.
LISTED = SQL("""
    r.deleted_at IS NULL
    AND r.process_id NOT IN (SELECT id FROM {schema}.processes WHERE is_deleted)
""").format(schema=SCHEMA)

# Deleted runs have no contents.
LISTED_CONTENTS = SQL(
    "r.process_id NOT IN (SELECT id FROM {schema}.processes WHERE is_deleted)"
).format(schema=SCHEMA)


class Between(msgspec.Struct, frozen=True):
    """A stretch of time, both ends within it; None leaves an end open."""

    after: datetime | None = None
    before: datetime | None = None


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs are wanted; None and empty ask for nothing (seed: Query Process Runs).

    ``moments`` gives the stretch of time that a moment of the run must be in. ``meta`` pairs a
    field, nested by dots, with a value: values of one field are alternatives, fields must all fit.
    ``words`` must all begin a word of the run.
    """

    process_id: int | None = None
    entity_id: str | None = None
    entity_name: str | None = None
    status: str | None = None
    moments: dict[str, Between] = msgspec.field(default_factory=dict)
    meta: Sequence[tuple[str, str]] = ()
    words: Sequence[str] = ()

    @property
    def is_counted(self) -> bool:
        """Whether the statistics know how many runs fit."""
        texts = (self.entity_id, self.entity_name)
        return texts == (None, None) and not (self.moments or self.meta or self.words)


class RunOrder(msgspec.Struct, frozen=True):
    """The order of a list: a column of ``ORDER_COLUMNS`` or ``meta.<field>``, nested by dots."""

    by: str = "created_at"
    direction: Literal["asc", "desc"] = "desc"

    @property
    def is_known(self) -> bool:
        """Whether there is such an order (contract section 5)."""
        return self.by in ORDER_COLUMNS or (
            self.by.startswith("meta.") and len(self.by) > len("meta.")
        )


class Clause(msgspec.Struct, frozen=True):
    """A part of a statement, or all of one, with the values that are bound to it."""

    text: SQL | Composed
    values: list[Any]


def is_of_contents(wanted: RunFilter, order: RunOrder) -> bool:
    """Tell whether the contents of runs alone say what fits, and in which order."""
    is_searched = bool(wanted.entity_name is not None or wanted.meta or wanted.words)
    asks_for_more = wanted.status is not None or wanted.entity_id is not None
    columns = {order.by, *wanted.moments}
    return is_searched and not asks_for_more and columns <= set(OF_CONTENTS)


def where_contents(wanted: RunFilter) -> Clause:
    """Give the condition of a filter on ``runs.contents AS r``, if ``is_of_contents``."""
    return _all_of([Clause(LISTED_CONTENTS, []), *_column_clauses(wanted), *_searches(wanted, "r")])


def where(wanted: RunFilter) -> Clause:
    """Give the condition of a filter on ``runs.runs AS r``."""
    clauses = [Clause(LISTED, []), *_column_clauses(wanted)]
    if searches := _searches(wanted, "c"):
        found = _all_of(searches)
        within = SQL("r.id IN (SELECT c.id FROM {schema}.contents AS c WHERE {found})").format(
            found=found.text, schema=SCHEMA
        )
        clauses.append(Clause(within, found.values))
    return _all_of(clauses)


def _column_clauses(wanted: RunFilter) -> list[Clause]:
    clauses = [
        Clause(SQL("r.{} = %s").format(Identifier(column)), [value])
        for column in ("process_id", "status", "entity_id")
        if (value := getattr(wanted, column)) is not None
    ]
    for column, between in wanted.moments.items():
        assert column in MOMENTS
        moment = Identifier(column)
        if between.after is not None:
            clauses.append(Clause(SQL("r.{} >= %s").format(moment), [between.after]))
        if between.before is not None:
            clauses.append(Clause(SQL("r.{} <= %s").format(moment), [between.before]))
    return clauses


def _searches(wanted: RunFilter, contents: str) -> list[Clause]:
    table = Identifier(contents)
    return [
        Clause(SQL("{}.{}").format(table, clause.text), clause.values)
        for clause in (*_name_clauses(wanted), *_meta_clauses(wanted), *_word_clauses(wanted))
    ]


def sort_key(order: RunOrder) -> Clause:
    """Give what ``runs.runs AS r`` is ordered by; meta is ordered as JSON, numbers by value."""
    if order.by.startswith("meta."):
        path = order.by.removeprefix("meta.").split(".")
        return Clause(SQL("NULLIF(r.meta #> %s::text[], 'null')"), [path])
    return Clause(SQL("r.{}").format(Identifier(order.by)), [])


def sorting(key: Composable, id_: Composable, order: RunOrder) -> Composable:
    """Give the order by a sort key; the id decides between equals, so that no pages overlap.

    A run without a value is last, whichever the direction.
    """
    descends = order.direction == "desc"
    last = SQL(" NULLS LAST" if descends and _may_be_null(order) else "")
    direction = SQL("DESC" if descends else "ASC")
    return SQL("{0} {1}{2}, {3} {1}").format(key, direction, last, id_)


def _may_be_null(order: RunOrder) -> bool:
    """Ascending, nulls are last by themselves; descending, an index has to be made for it."""
    return order.by not in ("id", "process_id", "entity_id", "status", "created_at", "updated_at")


def _name_clauses(wanted: RunFilter) -> list[Clause]:
    if wanted.entity_name is None:
        return []
    name = fold(wanted.entity_name)
    clauses = [Clause(SQL("name LIKE %s"), [f"%{_literally(name)}%"])]
    if grams := grams_of(name):
        clauses.append(Clause(SQL("grams @> %s::jsonb"), [_json(grams)]))
    return clauses


def _word_clauses(wanted: RunFilter) -> list[Clause]:
    if not wanted.words:
        return []
    beginnings = " & ".join(f"'{word}':*" for word in wanted.words)
    return [Clause(SQL("terms @@ %s::tsquery"), [beginnings])]


def _meta_clauses(wanted: RunFilter) -> list[Clause]:
    """Values are compared by their text; what contains them is found by the index before."""
    alternatives: dict[str, list[str]] = {}
    for field, value in wanted.meta:
        alternatives.setdefault(field, []).append(value)
    clauses = []
    for field, accepted in alternatives.items():
        path = field.split(".")
        clauses.append(Clause(SQL("meta #>> %s::text[] = ANY(%s::text[])"), [path, accepted]))
        if _is_of_objects(path):
            documents = [
                _json(within(path, meant)) for text in accepted for meant in meanings(text)
            ]
            clauses.append(Clause(SQL("meta @> ANY(%s::jsonb[])"), [documents]))
    return clauses


def _is_of_objects(path: Sequence[str]) -> bool:
    """Tell whether every part of a path can only be a name: a number may be a place in a list."""
    return len(path) <= MAX_DEPTH and not any(part.lstrip("-").isdigit() for part in path)


def within(path: Sequence[str], value: Any) -> Any:
    """Give an object that has the value at the path and nothing else."""
    for name in reversed(path):
        value = {name: value}
    return value


def meanings(text: str) -> list[Any]:
    """Give the JSON values that are written like the text: itself, and what it says as JSON."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return [text]
    if value is None or isinstance(value, str) or not _is_storable(value):
        return [text]
    return [text, value]


def _is_storable(value: Any, depth: int = 0) -> bool:
    """Tell whether the value could be in any meta."""
    match value:
        case str():
            return "\x00" not in value
        case float():
            return not math.isinf(value)
        case dict():
            items = [*value, *value.values()]
        case list():
            items = value
        case _:
            return True
    return depth < MAX_DEPTH and all(_is_storable(item, depth + 1) for item in items)


def _all_of(clauses: Sequence[Clause]) -> Clause:
    return Clause(
        SQL(" AND ").join(clause.text for clause in clauses),
        [value for clause in clauses for value in clause.values],
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

"""From a run list's parameters to SQL. Values are always bound, never put into the text."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString

import msgspec
from psycopg.sql import SQL, Composable, Identifier

ORDER_COLUMNS = frozenset(
    {
        "id",
        "process_id",
        "entity_id",
        "entity_name",
        "status",
        "started_at",
        "finished_at",
        "created_at",
        "updated_at",
    }
)


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs are wanted; None and empty ask for nothing (seed: Query Process Runs).

    ``meta`` pairs a field, nested by dots, with a value: values of one field are alternatives,
    fields must all fit.
    """

    process_id: int | None = None
    entity_id: str | None = None
    entity_name: str | None = None
    status: str | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    meta: Sequence[tuple[str, str]] = ()


class RunOrder(msgspec.Struct, frozen=True):
    """The order of a run list: a column, or ``meta.<field>``, nested by dots."""

    by: str = "created_at"
    direction: Literal["asc", "desc"] = "desc"

    @property
    def is_known(self) -> bool:
        """Whether there is such an order (contract section 5)."""
        return self.by in ORDER_COLUMNS or (
            self.by.startswith("meta.") and len(self.by) > len("meta.")
        )


class Clause(msgspec.Struct, frozen=True):
    """A part of a statement with the values that are bound to it."""

    text: Composable
    values: list[Any]


def where(wanted: RunFilter) -> Clause:
    """Give the condition of a filter."""
    conditions: list[Composable] = [SQL("true")]
    values: list[Any] = []

    def require(template: LiteralString, column: str, value: object) -> None:
        conditions.append(SQL(template).format(Identifier(column)))
        values.append(value)

    for column in ("process_id", "entity_id", "status"):
        if (value := getattr(wanted, column)) is not None:
            require("{} = %s", column, value)
    if wanted.entity_name is not None:
        require("{} ILIKE %s", "entity_name", f"%{_literally(wanted.entity_name)}%")
    for moment in ("started", "finished", "created"):
        if (after := getattr(wanted, f"{moment}_after")) is not None:
            require("{} >= %s", f"{moment}_at", after)
        if (before := getattr(wanted, f"{moment}_before")) is not None:
            require("{} <= %s", f"{moment}_at", before)
    alternatives: dict[str, list[str]] = {}
    for field, value in wanted.meta:
        alternatives.setdefault(field, []).append(value)
    for field, accepted in alternatives.items():
        conditions.append(SQL("meta #>> %s::text[] = ANY(%s::text[])"))
        values += [field.split("."), accepted]
    return Clause(SQL(" AND ").join(conditions), values)


def order_by(order: RunOrder) -> Clause:
    """Give the order; the id decides between equals, so that pages never overlap.

    Meta is ordered as JSON, numbers by their value; a run without the field, or null, is last.
    """
    direction = SQL("ASC" if order.direction == "asc" else "DESC")
    if order.by.startswith("meta."):
        path = order.by.removeprefix("meta.").split(".")
        template = SQL("NULLIF(meta #> %s::text[], 'null') {0} NULLS LAST, id {0}")
        return Clause(template.format(direction), [path])
    column = Identifier(order.by)
    return Clause(SQL("{0} {1} NULLS LAST, id {1}").format(column, direction), [])


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

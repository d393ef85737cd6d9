"""The parameters of a run list (seed: Query Process Runs)."""

from datetime import datetime
from typing import Annotated, Literal

from litestar.params import Parameter

from domain.errors import InvalidFieldError
from domain.runs.status import RunStatus
from interfaces.rest.moments import in_utc
from projections.runs.filtering import ORDER_COLUMNS, RunFilter, RunOrder

Moment = datetime | None
MetaFilter = Annotated[
    list[str] | None,
    Parameter(
        query="meta_filter",
        description="field:value, nested fields by dots; values of one field are alternatives",
    ),
]


def run_filter(
    process_id: int | None = None,
    entity_id: str | None = None,
    entity_name: str | None = None,
    status: RunStatus | None = None,
    started_after: Moment = None,
    started_before: Moment = None,
    finished_after: Moment = None,
    finished_before: Moment = None,
    created_after: Moment = None,
    created_before: Moment = None,
    meta_filter: MetaFilter = None,
) -> RunFilter:
    """Read the filter. Raises InvalidFieldError for a meta filter that has no field or no value."""
    return RunFilter(
        process_id=process_id,
        entity_id=_clean("entity_id", entity_id),
        entity_name=_clean("entity_name", entity_name),
        status=status,
        started_after=in_utc(started_after),
        started_before=in_utc(started_before),
        finished_after=in_utc(finished_after),
        finished_before=in_utc(finished_before),
        created_after=in_utc(created_after),
        created_before=in_utc(created_before),
        meta=[_meta_condition(text) for text in meta_filter or ()],
    )


def run_order(
    order_by: Annotated[str, Parameter(description="A column, or meta.<field>")] = "created_at",
    sort_direction: Literal["asc", "desc"] = "desc",
) -> RunOrder:
    """Read the order. Raises InvalidFieldError for a column that there is not."""
    order = RunOrder(_clean("order_by", order_by) or "", sort_direction)
    if not order.is_known:
        columns = ", ".join(sorted(ORDER_COLUMNS))
        raise InvalidFieldError("order_by", f"must be one of {columns} or meta.<field>")
    return order


def _meta_condition(text: str) -> tuple[str, str]:
    field, colon, value = text.partition(":")
    if not field or not colon:
        raise InvalidFieldError("meta_filter", "must be like field:value")
    return _clean("meta_filter", field) or "", _clean("meta_filter", value) or ""


def _clean(name: str, text: str | None) -> str | None:
    if text is not None and "\x00" in text:
        raise InvalidFieldError(name, "must not contain NUL characters")
    return text

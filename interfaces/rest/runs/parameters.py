"""The parameters of a run list (seed: Query Process Runs)."""

from typing import Annotated, Literal

from litestar.params import Parameter

from domain.errors import InvalidFieldError
from domain.runs.status import RunStatus
from interfaces.rest.bodies import MAX_BIGINT
from interfaces.rest.moments import Moment, read_moment
from projections.runs.contents import words_of
from projections.runs.filtering import ORDER_COLUMNS, Between, RunFilter, RunOrder

META_FILTER = "meta_filter"

ProcessIdFilter = Annotated[
    int | None, Parameter(ge=1, le=MAX_BIGINT, description="Runs of this process")
]
EntityIdFilter = Annotated[str | None, Parameter(description="Runs for this entity")]
EntityNameFilter = Annotated[
    str | None, Parameter(description="Runs whose entity's name has this in it, in any case")
]
StatusFilter = Annotated[RunStatus | None, Parameter(description="Runs of this status")]
MetaFilter = Annotated[
    list[str] | None,
    Parameter(
        description="field:value, nested fields by dots; values of one field are alternatives",
    ),
]
OrderBy = Annotated[str, Parameter(description="A column, or meta.<field>, nested by dots")]
Direction = Annotated[Literal["asc", "desc"], Parameter(description="Ascending or descending")]
SearchText = Annotated[
    str, Parameter(min_length=1, max_length=255, description="Words, or beginnings of words")
]


def run_filter(
    *,
    process_id: ProcessIdFilter = None,
    entity_id: EntityIdFilter = None,
    entity_name: EntityNameFilter = None,
    status: StatusFilter = None,
    started_after: Moment = None,
    started_before: Moment = None,
    finished_after: Moment = None,
    finished_before: Moment = None,
    created_after: Moment = None,
    created_before: Moment = None,
    failed_after: Moment = None,
    failed_before: Moment = None,
    meta_filter: MetaFilter = None,
) -> RunFilter:
    """Read the filter; an empty text asks for nothing.

    Raises InvalidFieldError for a moment or a meta filter that is none.
    """
    return RunFilter(
        process_id=process_id,
        entity_id=entity_id or None,
        entity_name=entity_name or None,
        status=status,
        moments={
            moment: Between(
                read_moment(f"{name}_after", after), read_moment(f"{name}_before", before)
            )
            for moment, name, after, before in (
                ("started_at", "started", started_after, started_before),
                ("finished_at", "finished", finished_after, finished_before),
                ("created_at", "created", created_after, created_before),
                ("failed_at", "failed", failed_after, failed_before),
            )
            if after is not None or before is not None
        },
        meta=[_meta_condition(text) for text in meta_filter or ()],
    )


def run_order(*, order_by: OrderBy = "created_at", sort_direction: Direction = "desc") -> RunOrder:
    """Read the order. Raises InvalidFieldError for a column that there is not."""
    order = RunOrder(order_by, sort_direction)
    if not order.is_known:
        columns = ", ".join(sorted(ORDER_COLUMNS))
        raise InvalidFieldError("order_by", f"must be one of {columns} or meta.<field>")
    return order


def search_words(text: str) -> list[str]:
    """Read the words that are searched. Raises InvalidFieldError where there are none."""
    words = words_of(text)
    if not words:
        raise InvalidFieldError("q", "must have a letter or a digit in it")
    return words


def _meta_condition(text: str) -> tuple[str, str]:
    field, colon, value = text.partition(":")
    if not field or not colon:
        raise InvalidFieldError(META_FILTER, "must be like field:value")
    return field, value

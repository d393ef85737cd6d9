"""What runs can be filtered, ordered and searched by (seed: Searchable Fields Discovery)."""

from collections.abc import Mapping, Sequence

import msgspec

from domain.runs.status import RunStatus
from projections.processes.projection import ProcessRow
from projections.runs.filtering import MOMENTS, ORDER_COLUMNS
from projections.runs.queries import MetaField

FILTERED_ALIKE = ("process_id", "entity_id", "entity_name", "status")

TYPES = {
    "id": "integer",
    "process_id": "integer",
    "entity_id": "string",
    "entity_name": "string",
    "status": "enum",
} | dict.fromkeys((*MOMENTS, "updated_at"), "datetime")


class FieldView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A field of runs; ``parameters`` are those that a list of runs is filtered by with it."""

    field: str
    type: str
    sortable: bool
    filterable: bool
    order_by: str
    parameters: list[str]
    values: list[str] = msgspec.field(default_factory=list)
    count: int | None = None


class SearchableFieldsView(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that every run has, and the meta fields that runs of the process have."""

    process_id: int
    process_name: str
    standard_fields: list[FieldView]
    metadata_fields: list[FieldView]


class FilterMetadataView(SearchableFieldsView, frozen=True, kw_only=True):
    """With them the values that there are, of meta fields that are not personal."""

    metadata_filters: dict[str, list[str]]


def searchable_fields_view(
    process: ProcessRow, fields: Sequence[MetaField]
) -> SearchableFieldsView:
    """Show the fields of a process's runs."""
    return SearchableFieldsView(
        process_id=process.id,
        process_name=process.name,
        standard_fields=[_standard(field) for field in sorted(ORDER_COLUMNS)],
        metadata_fields=[_of_meta(field) for field in fields],
    )


def filter_metadata_view(
    process: ProcessRow, fields: Sequence[MetaField], values: Mapping[str, list[str]]
) -> FilterMetadataView:
    """Show the fields of a process's runs with their values."""
    searchable = searchable_fields_view(process, fields)
    return FilterMetadataView(**msgspec.structs.asdict(searchable), metadata_filters=dict(values))


def _standard(field: str) -> FieldView:
    parameters = [field] if field in FILTERED_ALIKE else []
    if field in MOMENTS:
        name = field.removesuffix("_at")
        parameters = [f"{name}_after", f"{name}_before"]
    return FieldView(
        field=field,
        type=TYPES[field],
        sortable=True,
        filterable=bool(parameters),
        order_by=field,
        parameters=parameters,
        values=list(RunStatus) if field == "status" else [],
    )


def _of_meta(field: MetaField) -> FieldView:
    return FieldView(
        field=field.field,
        type=field.type,
        sortable=True,
        filterable=field.type != "array",
        order_by=f"meta.{field.field}",
        parameters=["meta_filter"],
        count=field.count,
    )

"""What every request body obeys (contract section 3): no NUL character, no nesting too deep."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

MAX_DEPTH = 32
MAX_BIGINT = 2**63 - 1

Name = Annotated[str, Meta(min_length=1, max_length=255)]
EntityId = Annotated[str, Meta(min_length=1, max_length=100)]
Id = Annotated[int, Meta(ge=1, le=MAX_BIGINT)]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A request body; what it holds in free form is looked through as well."""

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            _look_through(getattr(self, field), field, 1)


def _look_through(value: Any, field: str, depth: int) -> None:
    """Raise ValueError, which becomes a validation error, as ``field: message``."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError(f"{field}: must not contain NUL characters")
    elif isinstance(value, dict):
        _check_depth(field, depth)
        for name, item in value.items():
            _look_through(name, field, depth)
            _look_through(item, f"{field}.{name}", depth + 1)
    elif isinstance(value, list):
        _check_depth(field, depth)
        for item in value:
            _look_through(item, field, depth + 1)


def _check_depth(field: str, depth: int) -> None:
    if depth >= MAX_DEPTH:
        shown = ".".join(field.split(".")[:3])
        raise ValueError(f"{shown}: is nested deeper than {MAX_DEPTH} levels")

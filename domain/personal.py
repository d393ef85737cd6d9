"""How an event's type says which of its fields are personal data or secrets.

A field annotated ``Personal[...]`` or ``Secret[...]`` leaves the event's payload for a ciphertext
under a data key of the event's subject. Destroying that key is the erasure: the field then reads
``[REDACTED]`` for ever. A secret is, besides, never shown to anybody.
"""

from enum import Enum
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_type_hints

REDACTED = "[REDACTED]"

T = TypeVar("T")


class Protection(Enum):
    """Why a field is kept apart from its event's payload."""

    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - the name of the mark


Personal: TypeAlias = Annotated[T, Protection.PERSONAL]
Secret: TypeAlias = Annotated[T, Protection.SECRET]


@cache
def protected_fields(event_type: type) -> dict[str, Protection]:
    """Name the protected fields of an event type, each with its protection."""
    hints: dict[str, Any] = get_type_hints(event_type, include_extras=True)
    return {
        name: mark
        for name, hint in hints.items()
        for mark in get_args(hint)[1:]
        if isinstance(mark, Protection)
    }


def redact(value: Any) -> Any:
    """Put ``[REDACTED]`` in place of a protected value; the names in an object stay."""
    if value is None:
        return None
    if isinstance(value, dict):
        return dict.fromkeys(value, REDACTED)
    return REDACTED

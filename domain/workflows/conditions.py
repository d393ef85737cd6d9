"""The conditions that a transition may have, each of which is enforced (contract section 9).

``requires_comment``: the comment is not blank. ``min_comment_length:<n>``: it has at least so many
characters. ``min_approvals:<n>``: so many different people with the required role ask for the
transition before it is made. ``requires_approval_of:<role>``: so does somebody with that role.
``different_user``: nobody who brought the content into its state may ask.
"""

import re

import msgspec

from domain.workflows.vocabulary import WORKFLOW_ROLES

COMMENT_LENGTH = 1000
MOST_APPROVALS = 100
KNOWN = (
    "requires_comment, min_comment_length:<n>, min_approvals:<n>, requires_approval_of:<role>, "
    "different_user"
)

_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """All conditions of a transition, taken together."""

    requires_comment: bool = False
    min_comment_length: int = 1
    min_approvals: int = 1
    approval_of: frozenset[str] = frozenset()
    different_user: bool = False


def find_fault(text: str) -> str | None:
    """Say what is wrong with a condition, if anything is."""
    name, colon, value = text.partition(":")
    if name in ("requires_comment", "different_user"):
        return f"takes no value: '{text}'" if colon else None
    if name == "min_comment_length":
        return _beyond(text, value, COMMENT_LENGTH)
    if name == "min_approvals":
        return _beyond(text, value, MOST_APPROVALS)
    if name == "requires_approval_of":
        return None if value in WORKFLOW_ROLES else f"names an unknown role: '{text}'"
    return f"is unknown: '{text}'; known are {KNOWN}"


def read_conditions(texts: list[str]) -> Conditions:
    """Read the conditions of a transition; of those that are there twice, the strictest counts."""
    values: dict[str, list[str]] = {}
    for text in texts:
        name, _, value = text.partition(":")
        values.setdefault(name, []).append(value)
    lengths = [int(value) for value in values.get("min_comment_length", [])]
    return Conditions(
        requires_comment="requires_comment" in values or bool(lengths),
        min_comment_length=max(lengths, default=1),
        min_approvals=max(map(int, values.get("min_approvals", [])), default=1),
        approval_of=frozenset(values.get("requires_approval_of", [])),
        different_user="different_user" in values,
    )


def _beyond(text: str, value: str, most: int) -> str | None:
    if _NUMBER.fullmatch(value) is None or int(value) > most:
        return f"needs a number from 1 to {most}: '{text}'"
    return None

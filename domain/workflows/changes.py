"""How roles changed, as audit entries tell it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

Roles = Mapping[str, Sequence[str]]


class RoleChange(msgspec.Struct, frozen=True, kw_only=True):
    """People who got or lost a role."""

    type: Literal["role_added", "role_removed"]
    role: str
    users: list[str]


def role_changes(before: Roles, after: Roles) -> list[RoleChange]:
    """Give what differs, by role in the order in which the roles were assigned."""
    changes = []
    for role in dict.fromkeys([*after, *before]):
        had, has = before.get(role, ()), after.get(role, ())
        before_it, after_it = set(had), set(has)
        added = [user for user in has if user not in before_it]
        removed = [user for user in had if user not in after_it]
        if added:
            changes.append(RoleChange(type="role_added", role=role, users=added))
        if removed:
            changes.append(RoleChange(type="role_removed", role=role, users=removed))
    return changes

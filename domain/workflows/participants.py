"""The people who have to do with a content: who acts, and who is assigned to roles."""

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from domain.identity.roles import Role
from domain.personal import REDACTED
from domain.workflows.errors import InvalidAssignmentsError
from domain.workflows.vocabulary import MANAGING_ROLES, WORKFLOW_ROLES

USER_ID_LENGTH = 255
MOST_USERS = 200

# All who hold a role of Annals, as ``role_assignments`` name them: ``group:editor``.
GROUP = "group:"

# Clients resolve . and .. in addresses, so that a content called so could not be reached.
_CONTENT_UID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:@+-]{1,100}")

CONTENT_UID_RULE = "must be 1 to 100 letters, digits or any of . _ : @ + -, and not just . or .."

Assignments = Mapping[str, Sequence[str]]


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for something, with the roles that Annals knows of them."""

    user_id: str
    roles: frozenset[Role]

    def has_any(self, roles: Collection[Role]) -> bool:
        """Tell whether they hold one of the roles; ``admin`` includes all of them."""
        return Role.ADMIN in self.roles or not self.roles.isdisjoint(roles)

    @property
    def may_manage(self) -> bool:
        """Tell whether they may apply templates and take them away."""
        return self.has_any(MANAGING_ROLES)

    @property
    def names(self) -> list[str]:
        """What role assignments may call them: by their id, or as a member of a group."""
        return [self.user_id, *(f"{GROUP}{role}" for role in sorted(self.roles))]


def is_content_uid(text: str) -> bool:
    """Tell whether a content could be called so, and a stream be named after it."""
    return _CONTENT_UID.fullmatch(text) is not None


def check_assignments(assignments: Assignments) -> dict[str, list[str]]:
    """Give whom roles are assigned to, each once.

    Raises InvalidAssignmentsError with all that is wrong (contract section 9).
    """
    errors = [] if assignments else ["At least one role must be assigned"]
    checked: dict[str, list[str]] = {}
    for role, user_ids in assignments.items():
        if role not in WORKFLOW_ROLES:
            errors.append(f"Unknown role '{role}'")
            continue
        checked[role] = list(dict.fromkeys(user_ids))
        if not user_ids:
            errors.append(f"Role '{role}' has no assigned users")
        if len(checked[role]) > MOST_USERS:
            errors.append(f"Role '{role}' has more than {MOST_USERS} assigned users")
        if not all(map(_is_user_id, checked[role])):
            errors.append(f"Role '{role}' has an assigned user without a proper ID")
        if not all(map(_is_known, checked[role])):
            errors.append(f"Role '{role}' has a group that is none of Annals' roles")
    if errors:
        raise InvalidAssignmentsError(errors)
    return checked


def _is_user_id(text: str) -> bool:
    is_text = 0 < len(text) <= USER_ID_LENGTH and text == text.strip() and text.isprintable()
    return is_text and text != REDACTED


def _is_known(text: str) -> bool:
    return not text.startswith(GROUP) or text.removeprefix(GROUP) in list(Role)

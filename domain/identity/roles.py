"""The roles of users and API keys (contract section 1)."""

from collections.abc import Collection
from enum import StrEnum


class Role(StrEnum):
    """What a principal may be."""

    ADMIN = "admin"
    USER = "user"
    WORKFLOW_MANAGER = "workflow_manager"
    AUTHOR = "author"
    PEER_REVIEWER = "peer_reviewer"
    EDITOR = "editor"
    SUBJECT_EXPERT = "subject_expert"
    PUBLISHER = "publisher"
    ADMINISTRATOR = "administrator"
    VIEWER = "viewer"


def grants(roles: Collection[Role], required: Role) -> bool:
    """Tell whether the roles include the required one; ``admin`` includes all of them."""
    return required in roles or Role.ADMIN in roles

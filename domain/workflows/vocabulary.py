"""The words of workflow templates (seed: Core Models)."""

from enum import StrEnum

from domain.identity.roles import Role

WORKFLOW_ROLES = (
    Role.AUTHOR,
    Role.PEER_REVIEWER,
    Role.EDITOR,
    Role.SUBJECT_EXPERT,
    Role.PUBLISHER,
    Role.ADMINISTRATOR,
    Role.VIEWER,
)

# Who may apply templates, take them away and define their own (contract sections 1 and 9).
MANAGING_ROLES = (Role.WORKFLOW_MANAGER, Role.ADMINISTRATOR)

PRIVILEGED_ROLES = frozenset({Role.ADMINISTRATOR})


class Action(StrEnum):
    """What a role may do with a content in a state."""

    VIEW = "view"
    EDIT = "edit"
    DELETE = "delete"
    SUBMIT = "submit"
    REVIEW = "review"
    APPROVE = "approve"
    PUBLISH = "publish"
    REJECT = "reject"
    RETRACT = "retract"
    MANAGE_WORKFLOW = "manage_workflow"
    ASSIGN_ROLES = "assign_roles"


class Category(StrEnum):
    """What a template is for."""

    EDUCATIONAL = "educational"
    CORPORATE = "corporate"
    RESEARCH = "research"


class Complexity(StrEnum):
    """How involved a template is, by the number of its states (contract section 9)."""

    SIMPLE = "simple"
    MODERATE = "moderate"
    COMPLEX = "complex"


def title_of(role: str) -> str:
    """Write a role as audit entries and states show it: ``Peer Reviewer``."""
    return role.replace("_", " ").title()

"""What is sent about workflows (seed: Request/Response Models)."""

from typing import Annotated

import msgspec
from msgspec import Meta

from domain.workflows.conditions import COMMENT_LENGTH
from domain.workflows.template import (
    FIRST_VERSION,
    WorkflowState,
    WorkflowTemplate,
    WorkflowTransition,
)
from interfaces.rest.bodies import Body, Name

RoleName = Annotated[str, Meta(max_length=100)]
UserId = Annotated[str, Meta(max_length=255)]
RoleAssignments = dict[RoleName, list[UserId]]
Text = Annotated[str, Meta(max_length=1000)]


class ApplyTemplateBody(Body, frozen=True, kw_only=True):
    """Who has which role; ``group:editor`` stands for all who hold that role of Annals."""

    role_assignments: RoleAssignments
    force: bool = False
    backup_existing: bool = True


class ChangeRolesBody(Body, frozen=True, kw_only=True):
    """Who has which role from now on; these are all."""

    role_assignments: RoleAssignments


class ExecuteTransitionBody(Body, frozen=True, kw_only=True):
    """A transition that a content is to make."""

    content_uid: Annotated[str, Meta(min_length=1, max_length=100)]
    transition_id: Annotated[str, Meta(min_length=1, max_length=100)]
    comments: Annotated[str, Meta(max_length=COMMENT_LENGTH)] | None = None
    notify_users: bool = True


class PermissionBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a role may do in a state."""

    role: RoleName
    actions: list[RoleName]


class StateBody(msgspec.Struct, frozen=True, kw_only=True):
    """A state of a template."""

    id: Name
    name: Text
    permissions: list[PermissionBody]
    description: Text = ""
    is_initial: bool = False
    is_final: bool = False


class TransitionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A transition of a template."""

    id: Name
    name: Text
    from_state: Name
    to_state: Name
    required_role: RoleName
    description: Text = ""
    conditions: list[Name] = msgspec.field(default_factory=list)


class TemplateMetadataBody(msgspec.Struct, frozen=True, kw_only=True):
    """Which version a template is; who defined it and when, Annals knows."""

    version: Name = FIRST_VERSION


class TemplateContentBody(Body, frozen=True, kw_only=True):
    """A template without its id. What it says is checked as a whole, with one answer."""

    name: Text
    description: Text
    category: RoleName
    states: Annotated[list[StateBody], Meta(max_length=1000)]
    transitions: Annotated[list[TransitionBody], Meta(max_length=1000)]
    default_permissions: dict[RoleName, list[RoleName]] = msgspec.field(default_factory=dict)
    metadata: TemplateMetadataBody = msgspec.field(default_factory=TemplateMetadataBody)

    def template(self, template_id: str) -> WorkflowTemplate:
        """Give the template."""
        return WorkflowTemplate(
            id=template_id,
            name=self.name,
            description=self.description,
            category=self.category,
            states=[
                msgspec.convert(msgspec.to_builtins(each), WorkflowState) for each in self.states
            ],
            transitions=[
                msgspec.convert(msgspec.to_builtins(each), WorkflowTransition)
                for each in self.transitions
            ],
            default_permissions=self.default_permissions,
            version=self.metadata.version,
        )


class DefineTemplateBody(TemplateContentBody, frozen=True, kw_only=True):
    """A template to be defined."""

    id: Name

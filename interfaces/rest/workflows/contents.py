"""Contents under workflows (seed: API Endpoints; contract section 9)."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.di import Provide
from litestar.params import Parameter, QueryParameter

from application.workflows.handlers import (
    ApplyTemplate,
    ChangeRoles,
    ExecuteTransition,
    RemoveTemplate,
)
from domain.identity.roles import Role
from domain.workflows.errors import ContentNotFoundError
from domain.workflows.participants import Actor
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.commands import SentCommand, sent_deletion
from interfaces.rest.paging import (
    DEFAULT_SIZE,
    FIRST_PAGE,
    PAGE_HEADERS,
    Page,
    PageNumber,
    PageSize,
    paged,
)
from interfaces.rest.recorded import (
    COMMAND_HEADERS,
    DELETION_HEADERS,
    VERSION_HEADERS,
    versioned,
)
from interfaces.rest.workflows.access import actor_of
from interfaces.rest.workflows.application_views import AppliedTemplateView, applied_view
from interfaces.rest.workflows.audit_views import AuditEntryView, entry_view
from interfaces.rest.workflows.bodies import (
    ApplyTemplateBody,
    ChangeRolesBody,
    ExecuteTransitionBody,
)
from interfaces.rest.workflows.content_views import (
    ChangedRolesView,
    RemovedTemplateView,
    TransitionView,
    WorkflowStateView,
    WorklistItemView,
    changed_roles_view,
    removed_view,
    state_view,
    transition_view,
    worklist_item_view,
)
from interfaces.rest.workflows.parameters import READ_MODELS, ContentUid, TemplateId
from interfaces.services import Services
from projections.workflows.audit import EntryFilter
from projections.workflows.contents import ContentFilter

StateFilter = Annotated[
    str | None,
    QueryParameter(name="state", description="Only contents in this state"),
]
TemplateFilter = Annotated[
    str | None, Parameter(max_length=100, description="Only contents under this template")
]
AssignedTo = Annotated[
    str | None,
    Parameter(
        max_length=255,
        description="Only contents on which this user has a role, by themselves or in a group",
    ),
]
RestoreBackup = Annotated[
    bool, Parameter(description="Whether to bring back what the template had replaced")
]

Worklist = Annotated[Page[WorklistItemView], Parameter(schema_component_key="Worklist")]
AuditTrail = Annotated[Page[AuditEntryView], Parameter(schema_component_key="AuditTrail")]


class WorkflowController(Controller):
    """The workflows of contents."""

    path = "/workflows"
    tags = ("Workflows",)

    @post(
        "/apply/{template_id:str}",
        operation_id="applyWorkflowTemplate",
        response_headers=COMMAND_HEADERS,
        summary="Apply a workflow template to a content",
        status_code=200,
    )
    async def apply(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        *,
        template_id: TemplateId,
        content_uid: ContentUid,
        data: ApplyTemplateBody,
    ) -> Response[AppliedTemplateView]:
        """Put a content under a template, in the version that this has now."""
        actor = actor_of(request.user)
        command = ApplyTemplate(
            template_id=template_id,
            content_uid=content_uid,
            role_assignments=data.role_assignments,
            force=data.force,
            backup_existing=data.backup_existing,
        )
        applied = await sent.carry_out(
            lambda metadata: services.workflows.handlers.apply_template(command, actor, metadata)
        )
        return applied.answer(applied_view(applied.aggregate, actor))

    @post(
        "/transition",
        operation_id="executeWorkflowTransition",
        response_headers=COMMAND_HEADERS,
        summary="Execute a workflow transition",
        status_code=200,
    )
    async def transition(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        data: ExecuteTransitionBody,
    ) -> Response[TransitionView]:
        """Move a content on, or ask for that where more people must."""
        actor = actor_of(request.user)
        command = ExecuteTransition(
            content_uid=data.content_uid,
            transition_id=data.transition_id,
            comments=data.comments,
            notify_users=data.notify_users,
        )
        executed = await sent.carry_out(
            lambda metadata: services.workflows.handlers.execute_transition(
                command, actor, metadata
            )
        )
        return executed.answer(transition_view(executed.aggregate, actor, data.comments))

    @get(
        "/content",
        operation_id="listWorkflowContents",
        response_headers=PAGE_HEADERS,
        summary="List contents under workflows",
    )
    async def worklist(
        self,
        request: AuthenticatedRequest,
        services: Services,
        *,
        in_state: StateFilter = None,
        template: TemplateFilter = None,
        assigned_to: AssignedTo = None,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[Worklist]:
        """List contents with what the caller may do with each; those that moved last come first."""
        await services.freshness.reach_head(("workflows", "users"))
        wanted = ContentFilter(
            state=in_state,
            template=template,
            assigned_to=await _names_of(services, assigned_to) if assigned_to is not None else None,
        )
        found = await services.workflows.content_queries.worklist(wanted, page=page, size=size)
        actor = actor_of(request.user)
        views = [worklist_item_view(row, actor) for row in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @get(
        "/content/{content_uid:str}/state",
        operation_id="getWorkflowState",
        response_headers=VERSION_HEADERS,
        summary="Get the workflow state of a content",
    )
    async def state(
        self, request: AuthenticatedRequest, services: Services, content_uid: ContentUid
    ) -> Response[WorkflowStateView]:
        """Show where a content is, what the caller may do with it, and how it came there."""
        await services.freshness.reach_head(READ_MODELS)
        row = await services.workflows.content_queries.get(content_uid)
        if row is None or row.workflow_id is None:
            raise ContentNotFoundError(content_uid)
        history = await services.workflows.audit_queries.history(content_uid, row.workflow_id)
        return versioned(state_view(row, history, actor_of(request.user)), row.version)

    @get(
        "/content/{content_uid:str}/history",
        operation_id="getWorkflowHistory",
        response_headers=PAGE_HEADERS,
        summary="Get the workflow history of a content",
    )
    async def history(
        self,
        request: AuthenticatedRequest,
        services: Services,
        content_uid: ContentUid,
        *,
        page: PageNumber = FIRST_PAGE,
        size: PageSize = DEFAULT_SIZE,
    ) -> Response[AuditTrail]:
        """List all that was done with a content, under every template, newest first."""
        await services.freshness.reach_head(READ_MODELS)
        wanted = EntryFilter(content_uid=content_uid, success=True)
        found = await services.workflows.audit_queries.newest(wanted, page=page, size=size)
        if not found.total:
            raise ContentNotFoundError(content_uid, f"Content '{content_uid}' not found")
        views = [entry_view(entry) for entry in found.items]
        return paged(request, views, total=found.total, page=page, size=size)

    @put(
        "/content/{content_uid:str}/roles",
        operation_id="changeWorkflowRoles",
        response_headers=COMMAND_HEADERS,
        summary="Change the roles on a content",
    )
    async def change_roles(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        content_uid: ContentUid,
        data: ChangeRolesBody,
    ) -> Response[ChangedRolesView]:
        """Say who has which role on a content; its state stays."""
        actor = actor_of(request.user)
        command = ChangeRoles(content_uid=content_uid, role_assignments=data.role_assignments)
        changed = await sent.carry_out(
            lambda metadata: services.workflows.handlers.change_roles(command, actor, metadata)
        )
        return changed.answer(changed_roles_view(changed.aggregate, actor))

    @delete(
        "/content/{content_uid:str}/template",
        operation_id="removeWorkflowTemplate",
        response_headers=DELETION_HEADERS,
        summary="Remove the workflow template of a content",
        status_code=200,
        dependencies={"sent": Provide(sent_deletion)},
    )
    async def remove(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        content_uid: ContentUid,
        *,
        restore_backup: RestoreBackup = True,
    ) -> Response[RemovedTemplateView]:
        """Take a content's template away, and bring back the one that it had replaced."""
        actor = actor_of(request.user)
        command = RemoveTemplate(content_uid=content_uid, restore_backup=restore_backup)
        removed = await sent.carry_out(
            lambda metadata: services.workflows.handlers.remove_template(command, actor, metadata)
        )
        return removed.answer(removed_view(removed.aggregate, actor))


async def _names_of(services: Services, user_id: str) -> list[str]:
    """Give what role assignments may call somebody, with the groups that they are in."""
    user = await services.identity.get_user(user_id)
    roles = frozenset(Role(role) for role in user.roles) if user is not None else frozenset[Role]()
    return Actor(user_id=user_id, roles=roles).names

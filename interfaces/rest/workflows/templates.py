"""Workflow templates (seed: GET /workflows/templates; contract section 9)."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import Provide
from litestar.params import Parameter

from domain.workflows.template import WorkflowTemplate
from domain.workflows.vocabulary import Category, Complexity
from interfaces.rest.access import AuthenticatedRequest
from interfaces.rest.addresses import REPEATABLE
from interfaces.rest.commands import SentCommand, sent_deletion
from interfaces.rest.recorded import (
    COMMAND_HEADERS,
    DELETION_HEADERS,
    VERSION_HEADERS,
    versioned,
)
from interfaces.rest.workflows.access import actor_of
from interfaces.rest.workflows.bodies import DefineTemplateBody, TemplateContentBody
from interfaces.rest.workflows.parameters import READ_MODELS, TemplateId
from interfaces.rest.workflows.template_views import (
    RetiredTemplateView,
    TemplateDetailView,
    TemplateListView,
    built_in_view,
    changed_view,
    custom_view,
    summary_view,
)
from interfaces.services import Services
from projections.workflows.templates import TemplateFilter

Categories = Annotated[
    list[Category] | None, Parameter(description="Only of these categories; may be given again")
]
ComplexityFilter = Annotated[Complexity | None, Parameter(description="Only of this complexity")]
Limit = Annotated[int, Parameter(ge=1, le=100, description="How many to show at most")]
Offset = Annotated[int, Parameter(ge=0, le=10_000_000, description="How many to pass over")]


class TemplateController(Controller):
    """Workflow templates: those that come with Annals, and those that were defined."""

    path = "/workflows/templates"
    tags = ("Workflows",)

    @get(
        "/",
        operation_id="listWorkflowTemplates",
        summary="List workflow templates",
        opt={REPEATABLE: ("categories",)},
    )
    async def list(
        self,
        services: Services,
        *,
        categories: Categories = None,
        complexity: ComplexityFilter = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> TemplateListView:
        """List templates: the built-in ones, then those that were defined, by id."""
        await services.freshness.reach_head(READ_MODELS)
        wanted = TemplateFilter(categories=categories, complexity=complexity)
        built_in = services.workflows.templates.built_in.values()
        fitting = [template for template in built_in if _fits(template, wanted)]
        shown = fitting[offset : offset + limit]
        found = await services.workflows.template_queries.find(
            wanted, limit=limit - len(shown), offset=max(0, offset - len(fitting))
        )
        shown += [msgspec.convert(row.template, WorkflowTemplate) for row in found.items]
        return TemplateListView(
            templates=[summary_view(template) for template in shown],
            total_count=len(built_in) + found.total,
            filtered_count=len(fitting) + found.fitting,
            categories=list(Category),
        )

    @get(
        "/{template_id:str}",
        operation_id="getWorkflowTemplate",
        response_headers=VERSION_HEADERS,
        summary="Get a workflow template",
    )
    async def show(
        self, services: Services, template_id: TemplateId
    ) -> Response[TemplateDetailView]:
        """Show a template in its newest version; one that is built in has no ETag."""
        templates = services.workflows.templates
        if template_id in templates.built_in:
            return Response(built_in_view(templates.built_in[template_id]))
        await services.freshness.reach_head(READ_MODELS)
        row = await services.workflows.template_queries.get(template_id)
        if row is None:
            raise await templates.not_found(template_id)
        return versioned(custom_view(row), row.version)

    @post(
        "/",
        operation_id="defineWorkflowTemplate",
        response_headers=COMMAND_HEADERS,
        summary="Define a workflow template",
    )
    async def define(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        data: DefineTemplateBody,
    ) -> Response[TemplateDetailView]:
        """Define a template, under the rules that hold for all."""
        actor = actor_of(request.user)
        defined = await sent.carry_out(
            lambda metadata: services.workflows.template_handlers.define(
                data.template(data.id), actor, metadata
            )
        )
        return defined.answer(changed_view(defined.aggregate), status=201)

    @post(
        "/{template_id:str}/versions",
        operation_id="reviseWorkflowTemplate",
        response_headers=COMMAND_HEADERS,
        summary="Give a workflow template a new version",
    )
    async def revise(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        template_id: TemplateId,
        data: TemplateContentBody,
    ) -> Response[TemplateDetailView]:
        """Give a custom template a higher version; contents keep the one that they have."""
        actor = actor_of(request.user)
        revised = await sent.carry_out(
            lambda metadata: services.workflows.template_handlers.revise(
                data.template(template_id), actor, metadata
            )
        )
        return revised.answer(changed_view(revised.aggregate), status=201)

    @delete(
        "/{template_id:str}",
        operation_id="retireWorkflowTemplate",
        response_headers=DELETION_HEADERS,
        summary="Retire a workflow template",
        status_code=200,
        dependencies={"sent": Provide(sent_deletion)},
    )
    async def retire(
        self,
        request: AuthenticatedRequest,
        sent: SentCommand,
        services: Services,
        template_id: TemplateId,
    ) -> Response[RetiredTemplateView]:
        """Let a custom template be applied no more; contents that have it keep it."""
        actor = actor_of(request.user)
        retired = await sent.carry_out(
            lambda metadata: services.workflows.template_handlers.retire(
                template_id, actor, metadata
            )
        )
        view = RetiredTemplateView(
            success=True, template_id=template_id, retired_at=retired.aggregate.modified_on
        )
        return retired.answer(view)


def _fits(template: WorkflowTemplate, wanted: TemplateFilter) -> bool:
    return (wanted.categories is None or template.category in wanted.categories) and (
        wanted.complexity is None or template.complexity == wanted.complexity
    )

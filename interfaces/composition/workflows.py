"""Workflows, put together: with Plone where there is one."""

import contextlib
from collections.abc import AsyncIterator

from application.workflows.bulk import BulkHandlers
from application.workflows.handlers import WorkflowHandlers
from application.workflows.ports import ContentManagement, NoContentManagement
from application.workflows.refusals import Refusals
from application.workflows.templates import TemplateHandlers, Templates
from domain.workflows.builtin import load_built_in
from infra.event_store.claims import PostgresClaimRegister
from infra.plone.opening import open_plone
from infra.plone.turns import PostgresTurns
from infra.postgres.connections import connector
from interfaces.composition.foundation import Foundation
from interfaces.workflow_services import Workflows
from projections.workflows.audit import WorkflowAuditQueries
from projections.workflows.contents import ContentQueries
from projections.workflows.templates import TemplateQueries


@contextlib.asynccontextmanager
async def open_workflows(base: Foundation) -> AsyncIterator[Workflows]:
    """Load the built-in templates, and open Plone."""
    store, identifiers = base.event_store.store, base.identifiers
    template_queries = TemplateQueries(base.pool)
    templates = Templates(store, load_built_in(), template_queries)
    refusals = Refusals(store, identifiers, PostgresClaimRegister(base.pool))
    turns = PostgresTurns(connector(base.conninfo, "plone"))
    async with open_plone(base.settings, base.user_agent, turns) as plone:
        contents = plone or NoContentManagement()

        def handlers(managed: ContentManagement) -> WorkflowHandlers:
            return WorkflowHandlers(store, identifiers, templates, managed, refusals)

        yield Workflows(
            contents=contents,
            templates=templates,
            template_handlers=TemplateHandlers(store, templates, refusals),
            handlers=handlers(contents),
            bulk_handlers=BulkHandlers(templates, contents, refusals, handlers),
            template_queries=template_queries,
            content_queries=ContentQueries(base.pool),
            audit_queries=WorkflowAuditQueries(base.pool),
        )

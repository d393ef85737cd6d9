"""What the routes of workflows work with, put together by the composition."""

from dataclasses import dataclass

from application.workflows.bulk import BulkHandlers
from application.workflows.handlers import WorkflowHandlers
from application.workflows.ports import ContentManagement
from application.workflows.templates import TemplateHandlers, Templates
from projections.workflows.audit import WorkflowAuditQueries
from projections.workflows.contents import ContentQueries
from projections.workflows.templates import TemplateQueries


@dataclass(frozen=True, kw_only=True)
class Workflows:
    """Commands and queries of workflows."""

    contents: ContentManagement
    templates: Templates
    template_handlers: TemplateHandlers
    handlers: WorkflowHandlers
    bulk_handlers: BulkHandlers
    template_queries: TemplateQueries
    content_queries: ContentQueries
    audit_queries: WorkflowAuditQueries

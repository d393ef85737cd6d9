"""Templates as they are shown (seed: WorkflowTemplate, WorkflowTemplateSummary)."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain.workflows.builtin import BUILT_IN_AT
from domain.workflows.custom_template import CustomTemplate
from domain.workflows.template import WorkflowState, WorkflowTemplate, WorkflowTransition
from projections.workflows.tables import TemplateRow

# Who defined the templates that come with Annals.
ANNALS = "annals"


class TemplateMetadataView(msgspec.Struct, frozen=True, kw_only=True):
    """Who defined a template and when, and its version."""

    created_by: str
    created_at: datetime
    version: str


class TemplateView(msgspec.Struct, frozen=True, kw_only=True):
    """A template."""

    id: str
    name: str
    description: str
    category: str
    states: Sequence[WorkflowState]
    transitions: Sequence[WorkflowTransition]
    default_permissions: dict[str, list[str]]
    metadata: TemplateMetadataView


class TemplateDetailView(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a template."""

    template: TemplateView


class TemplateSummaryView(msgspec.Struct, frozen=True, kw_only=True):
    """A template as lists show it: states and transitions by their ids."""

    id: str
    name: str
    description: str
    category: str
    states: Sequence[str]
    transitions: Sequence[str]
    complexity: str


class TemplateListView(msgspec.Struct, frozen=True, kw_only=True):
    """Templates, how many there are, and how many of them fit."""

    templates: Sequence[TemplateSummaryView]
    total_count: int
    filtered_count: int
    categories: Sequence[str]


class RetiredTemplateView(msgspec.Struct, frozen=True, kw_only=True):
    """That a template is applied no more."""

    success: bool
    template_id: str
    retired_at: datetime


def summary_view(template: WorkflowTemplate) -> TemplateSummaryView:
    """Show a template in a list."""
    return TemplateSummaryView(
        id=template.id,
        name=template.name,
        description=template.description,
        category=template.category,
        states=[state.id for state in template.states],
        transitions=[transition.id for transition in template.transitions],
        complexity=template.complexity,
    )


def built_in_view(template: WorkflowTemplate) -> TemplateDetailView:
    """Show a template that comes with Annals."""
    return _view(template, created_by=ANNALS, created_at=BUILT_IN_AT)


def custom_view(row: TemplateRow) -> TemplateDetailView:
    """Show a custom template of the read model."""
    template = msgspec.convert(row.template, WorkflowTemplate)
    return _view(template, created_by=row.created_by, created_at=row.created_at)


def changed_view(custom: CustomTemplate) -> TemplateDetailView:
    """Show a custom template as a command has left it."""
    state = custom.state
    return _view(state.template, created_by=state.defined_by, created_at=custom.created_on)


def _view(
    template: WorkflowTemplate, *, created_by: str, created_at: datetime
) -> TemplateDetailView:
    return TemplateDetailView(
        template=TemplateView(
            id=template.id,
            name=template.name,
            description=template.description,
            category=template.category,
            states=template.states,
            transitions=template.transitions,
            default_permissions=template.default_permissions,
            metadata=TemplateMetadataView(
                created_by=created_by, created_at=created_at, version=template.version
            ),
        )
    )

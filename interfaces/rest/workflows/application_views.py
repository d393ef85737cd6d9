"""What comes of applying a template (seed: ApplyTemplateResponse)."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from domain.workflows.content import Content
from domain.workflows.content_state import Workflow
from domain.workflows.participants import GROUP, Actor
from domain.workflows.validation import find_warnings
from interfaces.rest.workflows.audit_views import AuditEntryView, applied_entry_view


class ValidationResultView(msgspec.Struct, frozen=True, kw_only=True):
    """What was found when something was checked; errors would have refused the application."""

    warnings: Sequence[str]
    is_valid: bool = True
    missing_roles: Sequence[str] = ()
    invalid_permissions: Sequence[str] = ()
    errors: Sequence[str] = ()


class ValidationResultsView(msgspec.Struct, frozen=True, kw_only=True):
    """What was found about the template, the roles and the content."""

    template: ValidationResultView
    roles: ValidationResultView
    content: ValidationResultView


class ApplicationResultView(msgspec.Struct, frozen=True, kw_only=True):
    """The workflow that began, how much it permits to whom, and whether another can come back."""

    workflow_created: str
    permissions_applied: int
    backup_created: bool


class AppliedTemplateView(msgspec.Struct, frozen=True, kw_only=True):
    """A template that was applied to a content."""

    success: bool
    template_id: str
    content_uid: str
    user_id: str
    validation_results: ValidationResultsView
    application_result: ApplicationResultView
    audit_log: AuditEntryView
    warnings: Sequence[str]
    applied_at: datetime


def applied_view(content: Content, actor: Actor) -> AppliedTemplateView:
    """Show what a command has made of a content."""
    workflow = content.workflow
    missing = [
        role for role in workflow.template.required_roles if role not in workflow.assignments
    ]
    unheld = [
        f"Role '{role}' is needed by a transition and has no assigned users" for role in missing
    ]
    replaced = (
        []
        if workflow.replaced_template is None
        else [f"Replaced workflow template '{workflow.replaced_template}'"]
    )
    used = workflow.template.roles
    unused = [
        f"Role '{role}' assigned but not used in template"
        for role in workflow.assignments
        if role not in used
    ]
    return AppliedTemplateView(
        success=True,
        template_id=workflow.template.id,
        content_uid=content.key,
        user_id=actor.user_id,
        validation_results=ValidationResultsView(
            template=ValidationResultView(warnings=find_warnings(workflow.template)),
            roles=ValidationResultView(
                warnings=[*unheld, *_too_few(content), *unused], missing_roles=missing
            ),
            content=ValidationResultView(warnings=replaced),
        ),
        application_result=ApplicationResultView(
            workflow_created=workflow.workflow_id,
            permissions_applied=permissions_applied(workflow),
            backup_created=bool(content.state.backups),
        ),
        audit_log=applied_entry_view(content),
        warnings=[*replaced, *unheld],
        applied_at=workflow.applied_at,
    )


def _too_few(content: Content) -> Iterator[str]:
    """Say which transitions need more people than have their role; a group may be many."""
    for transition in content.workflow.template.transitions:
        held = content.workflow.assignments.get(transition.required_role, [])
        needed = transition.needs.min_approvals
        is_group = any(content.state.people[who].startswith(GROUP) for who in held)
        if 0 < len(held) < needed and not is_group:
            yield f"Transition '{transition.id}' needs {needed} people, and has {len(held)}"


def permissions_applied(workflow: Workflow) -> int:
    """Count what the states permit to roles that somebody has (contract section 9)."""
    grants = {grant for grant in workflow.template.grants() if grant[1] in workflow.assignments}
    return len(grants)

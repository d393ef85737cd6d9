"""Who may do what on a content now, by the roles that they have there (contract section 1)."""

from collections.abc import Collection, Iterable

from domain.identity.roles import Role
from domain.workflows.content_state import Approval, ContentState, Workflow
from domain.workflows.participants import Actor
from domain.workflows.template import WorkflowTransition
from domain.workflows.vocabulary import WORKFLOW_ROLES


def roles_on(state: ContentState, actor: Actor) -> list[str]:
    """Give the roles that somebody has on a content, by themselves or through a group."""
    called = set(state.called(actor.names).values())
    held = state.in_force.assignments
    return [role for role, people in held.items() if not called.isdisjoint(people)]


def powers_on(state: ContentState, actor: Actor) -> Collection[str]:
    """Give the roles in which somebody may act on a content.

    An administrator stands in for every role, be it everywhere or on this content.
    """
    held = roles_on(state, actor)
    is_administrator = actor.has_any((Role.ADMINISTRATOR,)) or Role.ADMINISTRATOR in held
    return WORKFLOW_ROLES if is_administrator else held


def asked_for(transition: WorkflowTransition) -> list[str]:
    """Give the roles that a transition asks for: the required one, then those that approve."""
    others = sorted(transition.needs.approval_of - {transition.required_role})
    return [transition.required_role, *others]


def roles_for(transition: WorkflowTransition, powers: Collection[str]) -> list[str]:
    """Give the roles, of those that a transition asks for, in which somebody may ask for it."""
    return [role for role in asked_for(transition) if role in powers]


def has_approved(workflow: Workflow, transition: WorkflowTransition, participant: str) -> bool:
    """Tell whether somebody has asked for a transition that waits for others."""
    return participant in _who(workflow.approvals.get(transition.id, ()))


def is_barred(workflow: Workflow, transition: WorkflowTransition, participant: str) -> bool:
    """Tell whether a transition needs somebody else than those who led to it."""
    return transition.needs.different_user and participant in workflow.moved_by


def completes(workflow: Workflow, transition: WorkflowTransition, roles: list[str]) -> bool:
    """Tell whether a transition waits for nobody else once somebody asks in these roles."""
    needs = transition.needs
    asked = [*(each.roles for each in workflow.approvals.get(transition.id, ())), roles]
    approvals = sum(transition.required_role in each for each in asked)
    approved_of = {role for each in asked for role in each}
    return approvals >= needs.min_approvals and needs.approval_of <= approved_of


def available_transitions(state: ContentState, actor: Actor) -> list[WorkflowTransition]:
    """Give the transitions that somebody may ask for now."""
    workflow, participant = state.in_force, state.participant(actor.user_id)
    powers = powers_on(state, actor)
    return [
        transition
        for transition in workflow.template.leaving(workflow.state)
        if roles_for(transition, powers)
        and not has_approved(workflow, transition, participant)
        and not is_barred(workflow, transition, participant)
    ]


def next_after(workflow: Workflow, state: str, participant: str) -> list[str]:
    """Give who can act in a state; the authors, if nobody can. The actor is never among them."""
    roles = [role for each in workflow.template.leaving(state) for role in asked_for(each)]
    able = _holding(workflow, roles) - {participant}
    return sorted(able or _holding(workflow, [Role.AUTHOR]) - {participant})


def still_asked(workflow: Workflow, transition: WorkflowTransition, participant: str) -> list[str]:
    """Give whose word a transition waits for, once somebody has given theirs."""
    given = {participant, *_who(workflow.approvals.get(transition.id, ()))}
    return sorted(_holding(workflow, asked_for(transition)) - given)


def _holding(workflow: Workflow, roles: Iterable[str]) -> set[str]:
    return {who for role in roles for who in workflow.assignments.get(role, ())}


def _who(approvals: Iterable[Approval]) -> set[str]:
    return {approval.participant for approval in approvals}

"""Contents under templates, and the people who work on them."""

from domain.events import DomainEvent
from domain.identity.roles import Role
from domain.workflows.builtin import load_built_in
from domain.workflows.content import Content
from domain.workflows.participants import Actor, Assignments

BUILT_IN = load_built_in()

MANAGER = Actor(user_id="manager", roles=frozenset({Role.WORKFLOW_MANAGER}))

SIMPLE = {"author": ["ann"], "editor": ["ed"], "administrator": ["root"]}


def person(user_id: str, *roles: Role) -> Actor:
    return Actor(user_id=user_id, roles=frozenset(roles))


def content_under(template_id: str, assignments: Assignments) -> Content:
    """Given a content to which a template was applied."""
    content = Content.register("page-1")
    apply(content, template_id, assignments)
    content.pending()
    return content


def apply(
    content: Content,
    template_id: str,
    assignments: Assignments,
    *,
    force: bool = False,
    backup_existing: bool = True,
) -> None:
    content.apply_template(
        f"workflow_{content.version}",
        BUILT_IN[template_id],
        assignments,
        MANAGER,
        force=force,
        backup_existing=backup_existing,
    )


def act(
    content: Content, who: Actor, transition_id: str, comments: str | None = None
) -> list[type[DomainEvent]]:
    """When somebody asks for a transition, then these are the kinds of events."""
    checked = content.check_transition(transition_id, comments, who)
    content.execute_transition(checked, comments, who, notify=True)
    return [type(event) for event in content.pending()]


def state_of(content: Content) -> str:
    return content.workflow.state


def notified(content: Content) -> list[str]:
    step = content.workflow.last_step
    assert step is not None
    return sorted(content.state.people[participant] for participant in step.notified)


def held_roles(content: Content) -> dict[str, list[str]]:
    return {
        role: [content.state.people[participant] for participant in held]
        for role, held in content.workflow.assignments.items()
    }

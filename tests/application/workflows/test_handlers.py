"""Given a content management system, when contents move on, then both know it, or neither."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

import msgspec
import pytest

from application.errors import ConflictError, NotFoundError, PreconditionFailedError
from application.metadata import Claim, IfMatch, SentMetadata, by_system
from application.workflows.handlers import (
    ApplyTemplate,
    ChangeRoles,
    ExecuteTransition,
    WorkflowHandlers,
)
from application.workflows.ports import (
    ConnectionStatus,
    ContentManagementError,
    ManagedContent,
    OutOfStepError,
)
from application.workflows.refusals import Refusals
from application.workflows.templates import FoundTemplate, Templates
from domain.workflows.content import Content
from domain.workflows.errors import (
    ConcurrentModificationError,
    ContentNotFoundError,
    InsufficientPermissionsError,
    InvalidTransitionError,
    TemplateNotFoundError,
)
from interfaces.services import Services
from projections.workflows.audit import EntryFilter
from tests.domain.workflows.making import BUILT_IN, MANAGER, SIMPLE, person

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")
ANN, ED, ROOT = map(person, ("ann", "ed", "root"))
SUBMIT = ExecuteTransition(content_uid="page-1", transition_id="submit")


class Site:
    """A content management system with one page, which can fail."""

    def __init__(self) -> None:
        self.state = "draft"
        self.pushed: list[str] = []
        self.failing: Exception | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    async def find(self, content_uid: str) -> ManagedContent | None:
        if self.failing is not None:
            raise self.failing
        return ManagedContent(state=self.state) if content_uid == "page-1" else None

    async def find_all(self, content_uids: Collection[str]) -> Mapping[str, ManagedContent]:
        found = {content_uid: await self.find(content_uid) for content_uid in content_uids}
        return {uid: content for uid, content in found.items() if content is not None}

    def holding(self, content_uid: str) -> AbstractAsyncContextManager[object]:
        return nullcontext(content_uid)

    async def push(
        self, content_uid: str, transition_id: str, *, to_state: str, comments: str | None
    ) -> None:
        assert (content_uid, comments) == ("page-1", None)
        if self.failing is not None:
            raise self.failing
        if self.state != to_state:
            self.pushed.append(transition_id)
            self.state = to_state
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        happening = meanwhile()
        if happening is not None:
            await happening  # type: ignore[misc]

    async def check(self) -> ConnectionStatus:
        return ConnectionStatus(status="ok", details="there")


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def handlers(services: Services, site: Site) -> WorkflowHandlers:
    """Given a page under a template."""
    handlers = handlers_with(services, services.workflows.templates, site)
    await handlers.apply_template(application("page-1"), MANAGER, BY_TEST)
    return handlers


def handlers_with(services: Services, templates: Templates, site: Site) -> WorkflowHandlers:
    refusals = Refusals(services.store, services.identifiers, services.claims)
    return WorkflowHandlers(services.store, services.identifiers, templates, site, refusals)


def application(content_uid: str) -> ApplyTemplate:
    return ApplyTemplate(
        template_id="simple_review", content_uid=content_uid, role_assignments=SIMPLE
    )


async def kinds(services: Services) -> list[str]:
    events = await services.store.history("content-page-1")
    return [recorded.topic for recorded in events]


async def refused(services: Services) -> list[tuple[str, str | None]]:
    await services.freshness.reach_head(["workflows"])
    wanted = EntryFilter(success=False)
    found = await services.workflows.audit_queries.newest(wanted, page=1, size=100)
    return [(entry.operation, entry.error_code) for entry in found.items]


async def test_a_transition_is_pushed_and_recorded(
    services: Services, handlers: WorkflowHandlers, site: Site
) -> None:
    await handlers.execute_transition(SUBMIT, ANN, BY_TEST)
    assert site.pushed == ["submit"]
    assert (await kinds(services))[-1] == "TransitionExecuted"


async def test_where_the_other_side_fails_nothing_is_recorded(
    services: Services, handlers: WorkflowHandlers, site: Site
) -> None:
    before = await kinds(services)
    site.failing = ContentManagementError("https://cms.example.org")
    with pytest.raises(ContentManagementError):
        await handlers.execute_transition(SUBMIT, ANN, BY_TEST)
    with pytest.raises(ContentManagementError):
        await handlers.apply_template(application("page-1"), MANAGER, BY_TEST)
    assert await kinds(services) == before
    assert await refused(services) == []


async def test_what_is_not_there_gets_no_workflow(
    services: Services, handlers: WorkflowHandlers
) -> None:
    with pytest.raises(ContentNotFoundError, match="'page-2' not found"):
        await handlers.apply_template(application("page-2"), MANAGER, BY_TEST)
    assert await refused(services) == [("apply_template", "CONTENT_NOT_FOUND")]


async def test_a_content_that_is_elsewhere_on_the_other_side_is_refused_to_move(
    services: Services, handlers: WorkflowHandlers, site: Site
) -> None:
    site.failing = OutOfStepError("private")
    with pytest.raises(InvalidTransitionError) as out_of_step:
        await handlers.execute_transition(SUBMIT, ANN, BY_TEST)
    assert out_of_step.value.details["current_state"] == "private"
    assert await refused(services) == [("execute_transition", "INVALID_TRANSITION")]


async def test_what_the_same_command_has_just_done_is_in_its_way_and_no_refusal(
    services: Services, handlers: WorkflowHandlers
) -> None:
    claimed = SentMetadata(
        actor="user:ann", correlation_id="any", claim=Claim(bytes(32), bytes(32))
    )
    await handlers.execute_transition(SUBMIT, ANN, claimed)
    with pytest.raises(InvalidTransitionError):
        await handlers.execute_transition(SUBMIT, ANN, claimed)
    assert await refused(services) == []


async def test_a_refused_transition_is_entered_under_the_template_of_the_content(
    services: Services, handlers: WorkflowHandlers
) -> None:
    with pytest.raises(InsufficientPermissionsError):
        await handlers.execute_transition(SUBMIT, ED, BY_TEST)
    await services.freshness.reach_head(["workflows"])
    wanted = EntryFilter(template_id="simple_review", success=False)
    [entry] = (await services.workflows.audit_queries.newest(wanted, page=1, size=9)).items
    assert entry.error_code == "INSUFFICIENT_PERMISSIONS"


async def test_a_condition_that_does_not_hold_pushes_nothing(
    services: Services, handlers: WorkflowHandlers, site: Site
) -> None:
    on_another_version = SentMetadata(
        actor="user:ann", correlation_id="any", if_match=IfMatch(frozenset({1}))
    )
    with pytest.raises(PreconditionFailedError):
        await handlers.execute_transition(SUBMIT, ANN, on_another_version)
    assert site.pushed == []
    assert await refused(services) == []


async def test_a_template_that_is_retired_meanwhile_is_not_applied(
    services: Services, site: Site
) -> None:
    own = msgspec.structs.replace(BUILT_IN["simple_review"], id="own_review")
    templates = services.workflows.template_handlers
    await templates.define(own, MANAGER, BY_TEST)
    handlers = handlers_with(services, RetiringTemplates(services), site)
    command = msgspec.structs.replace(application("page-1"), template_id="own_review")
    with pytest.raises(TemplateNotFoundError):
        await handlers.apply_template(command, MANAGER, BY_TEST)
    with pytest.raises(NotFoundError):
        await services.store.load(Content, "page-1")


class RetiringTemplates(Templates):
    """Templates, one of which is retired as soon as it was found a second time."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.store, BUILT_IN, services.workflows.template_queries)
        self._handlers = services.workflows.template_handlers
        self._times = 0

    async def find(self, template_id: str) -> FoundTemplate:
        found = await super().find(template_id)
        self._times += 1
        if self._times == 2:
            await self._handlers.retire(template_id, MANAGER, BY_TEST)
        return found


async def test_what_was_pushed_and_not_recorded_is_recorded_when_it_is_sent_again(
    services: Services, handlers: WorkflowHandlers, site: Site
) -> None:
    site.state = "pending"  # pushed by a process that died before it could record it
    await handlers.execute_transition(SUBMIT, ANN, BY_TEST)
    assert site.pushed == []
    assert (await services.store.load(Content, "page-1")).workflow.state == "pending"


async def test_roles_that_change_meanwhile_keep_nobody_from_moving(
    services: Services, handlers: WorkflowHandlers, site: Site
) -> None:
    roles = ChangeRoles(content_uid="page-1", role_assignments=SIMPLE | {"viewer": ["vic"]})
    site.meanwhile = lambda: handlers.change_roles(roles, MANAGER, BY_TEST)
    await handlers.execute_transition(SUBMIT, ANN, BY_TEST)
    assert site.pushed == ["submit"]
    assert (await kinds(services))[-3:] == ["RolesChanged", "RoleAssigned", "TransitionExecuted"]


async def test_who_comes_second_is_told_that_somebody_else_moved_the_content(
    services: Services, handlers: WorkflowHandlers, site: Site
) -> None:
    publish = ExecuteTransition(content_uid="page-1", transition_id="publish")
    site.meanwhile = lambda: handlers.execute_transition(publish, ROOT, BY_TEST)
    with pytest.raises(ConcurrentModificationError):
        await handlers.execute_transition(SUBMIT, ANN, BY_TEST)
    assert (await kinds(services)).count("TransitionExecuted") == 1
    assert await refused(services) == [("execute_transition", "CONCURRENT_MODIFICATION")]


async def test_a_conflict_that_does_not_end_is_told(
    services: Services, handlers: WorkflowHandlers, site: Site
) -> None:
    number = 0

    def again() -> object:
        nonlocal number
        number += 1
        site.meanwhile = again
        roles = SIMPLE | {"viewer": [f"v{number}"]}
        command = ChangeRoles(content_uid="page-1", role_assignments=roles)
        return handlers.change_roles(command, MANAGER, BY_TEST)

    site.meanwhile = again
    with pytest.raises(ConflictError):
        await handlers.execute_transition(SUBMIT, ANN, BY_TEST)
    assert "TransitionExecuted" not in await kinds(services)

"""Annals and Plone stay in step, whoever acts and whatever gets lost between them."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from application.metadata import by_system
from application.workflows.handlers import ApplyTemplate, ExecuteTransition
from application.workflows.ports import ContentManagementError
from domain.workflows.content import Content
from domain.workflows.errors import ContentNotFoundError, InvalidTransitionError
from infra.settings import Settings
from interfaces.services import Services
from tests.domain.workflows.making import MANAGER, person
from tests.infra.plone.serving import serving
from tests.infra.plone.site import PASSWORD, USERNAME, Site

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")
ROLES = {"author": ["ann"], "editor": ["ed", "eve"]}


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as served:
        served.add("page-1")
        yield served


@pytest.fixture
def settings(settings: Settings, site: Site) -> Settings:
    return msgspec.structs.replace(
        settings, plone_url=site.url, plone_username=USERNAME, plone_password=PASSWORD
    )


@pytest.fixture
async def submitted(services: Services) -> None:
    command = ApplyTemplate(
        template_id="simple_review", content_uid="page-1", role_assignments=ROLES
    )
    await services.workflows.handlers.apply_template(command, MANAGER, BY_TEST)
    await move(services, "submit", "ann")


async def move(services: Services, transition_id: str, name: str) -> None:
    command = ExecuteTransition(
        content_uid="page-1", transition_id=transition_id, comments="As agreed"
    )
    await services.workflows.handlers.execute_transition(command, person(name), BY_TEST)


async def state(services: Services) -> str:
    return (await services.store.load(Content, "page-1")).workflow.state


async def test_of_two_who_act_at_once_only_one_moves_the_content_in_plone(
    services: Services, site: Site, submitted: None
) -> None:
    del submitted
    site.transition_seconds = 0.2
    outcomes = await asyncio.gather(
        move(services, "approve", "ed"), move(services, "reject", "eve"), return_exceptions=True
    )
    [refused] = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(refused, InvalidTransitionError)
    assert len(site.sent("/@workflow/")) == 2, "the submission, and one of the two"
    in_step = {"published": "published", "draft": "private"}
    assert site.contents["page-1"].state == in_step[await state(services)]


async def test_a_transition_whose_answer_got_lost_is_recorded_when_it_is_sent_again(
    services: Services, site: Site, submitted: None
) -> None:
    del submitted
    site.loses_answers = True
    with pytest.raises(ContentManagementError):
        await move(services, "approve", "ed")
    assert (await state(services), site.contents["page-1"].state) == ("pending", "published")
    site.loses_answers = False
    await move(services, "approve", "ed")
    assert await state(services) == "published"
    assert site.contents["page-1"].comments == ["As agreed"] * 2, "none of them twice"


async def test_many_contents_are_looked_up_at_once(services: Services, site: Site) -> None:
    uids = [f"page-{number}" for number in range(1, 31)]
    for uid in uids[:-1]:
        site.add(uid, f"docs/{uid}")
    handlers = await services.workflows.bulk_handlers.beginning(
        "simple_review", uids, MANAGER, BY_TEST
    )
    for uid in uids[:-1]:
        command = ApplyTemplate(
            template_id="simple_review", content_uid=uid, role_assignments=ROLES
        )
        await handlers.apply_template(command, MANAGER, BY_TEST)
    missing = ApplyTemplate(
        template_id="simple_review", content_uid=uids[-1], role_assignments=ROLES
    )
    with pytest.raises(ContentNotFoundError):
        await handlers.apply_template(missing, MANAGER, BY_TEST)
    assert len(site.sent("@search")) <= 2

"""Annals is logged in where it has to be, is patient with reads alone, and outlives any answer."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from application.workflows.ports import ConnectionStatus, ContentManagementError
from infra.plone.contents import PloneContents
from infra.plone.session import Login, plone_session
from tests.infra.plone.site import PASSWORD, USERNAME, Site
from tests.serving import free_port

pytestmark = pytest.mark.anyio

UID = "58d2cc99fd6349c591f81857f086b971"
Use = Callable[[PloneContents], Awaitable[object]]


async def use(url: str, used: Use, *, password: str = PASSWORD, seconds: float = 20) -> object:
    login = Login(url=url, username=USERNAME, password=password)
    async with plone_session(login, timeout_seconds=seconds, user_agent="annals/1") as session:
        return await used(PloneContents(session))


async def submit(plone: PloneContents) -> None:
    await plone.push(UID, "submit", to_state="pending", comments="Ready")


async def test_one_login_serves_all_that_follows(site: Site, plone: PloneContents) -> None:
    site.add(UID)
    await asyncio.gather(*(plone.find(UID) for _ in range(20)))
    await submit(plone)
    assert len(site.sent("@login")) == 1
    (login,) = site.sent("@login")
    assert "authorization" not in login.headers
    assert login.headers["user-agent"] == "annals/1.2.3"
    assert not [request for request in site.requests if "cookie" in request.headers]


async def test_a_token_is_replaced_before_it_lapses(site: Site, plone: PloneContents) -> None:
    site.add(UID)
    site.token_seconds = 30
    assert await plone.find(UID)
    assert await plone.find(UID)
    assert len(site.sent("@login")) == 2


async def test_a_token_without_an_end_serves_on(site: Site, plone: PloneContents) -> None:
    site.add(UID)
    site.token_seconds = None
    assert await plone.find(UID)
    assert await plone.find(UID)
    assert len(site.sent("@login")) == 1


async def test_a_token_that_plone_takes_no_more_hides_no_content(
    site: Site, plone: PloneContents
) -> None:
    content = site.add(UID)
    assert await plone.find(UID)
    site.secret = "another secret, as after a rotation of the keyring"
    assert await plone.find(UID), "a stranger would see nothing, and no error"
    site.secret = "a third secret, and the content can be seen by all"
    content.state = "published"
    await plone.push(UID, "retract", to_state="private", comments=None)
    assert content.state == "private"


async def test_a_wrong_password_is_told_and_not_tried_again_and_again(site: Site) -> None:
    async def find_often(plone: PloneContents) -> None:
        for _ in range(3):
            with pytest.raises(ContentManagementError):
                await plone.find(UID)
        assert await plone.check() == ConnectionStatus(
            status="error", details="Failed to connect to Plone instance"
        )

    with capture_logs() as logs:
        await use(site.url, find_often, password="wrong-secret")
    assert len(site.sent("@login")) == 1
    assert "refused PLONE_USERNAME and PLONE_PASSWORD" in str(logs)
    assert "wrong-secret" not in str(logs)
    assert UID not in str(logs)


@pytest.mark.parametrize("fault", [503, 502, 429, "half"])
async def test_a_read_is_tried_again(site: Site, plone: PloneContents, fault: int | str) -> None:
    site.add(UID)
    site.faults = [fault, fault]
    assert await plone.find(UID)
    assert len(site.sent("@search")) == 3


async def test_a_read_is_not_tried_for_ever(site: Site, plone: PloneContents) -> None:
    site.faults = [503] * 4
    with pytest.raises(ContentManagementError) as failed:
        await plone.find(UID)
    assert len(site.sent("@search")) == 3
    assert failed.value.address == site.url


@pytest.mark.parametrize("fault", [503, 500, 403, "half"])
async def test_a_transition_is_sent_once(
    site: Site, plone: PloneContents, fault: int | str
) -> None:
    site.add(UID)
    site.faulty_method, site.faults = "POST", [fault]
    with pytest.raises(ContentManagementError):
        await submit(plone)
    assert len(site.sent("@workflow")) == 1


@pytest.mark.parametrize(
    "fault", ["no JSON", "[]", '{"items": 1}', "[" * 60_000, "endless", 302, 404, 500]
)
async def test_an_answer_that_is_not_of_plone_is_an_error(
    site: Site, plone: PloneContents, fault: int | str
) -> None:
    site.faults = [fault] * 3
    with pytest.raises(ContentManagementError):
        await plone.find(UID)
    assert not site.sent("elsewhere")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nobody_waits_for_ever(site: Site, method: str) -> None:
    site.add(UID)
    site.faulty_method, site.faults = method, ["hang"]
    with pytest.raises(ContentManagementError):
        await use(site.url, submit, seconds=0.3)


async def test_a_plone_that_is_not_there_is_told() -> None:
    async def find(plone: PloneContents) -> ConnectionStatus:
        with pytest.raises(ContentManagementError) as failed:
            await plone.find(UID)
        assert str(failed.value) == "Failed to connect to Plone instance"
        return await plone.check()

    status = await use(f"http://127.0.0.1:{free_port()}/Plone", find)
    assert status == ConnectionStatus(status="error", details="Failed to connect to Plone instance")


async def test_health_says_that_plone_answers(plone: PloneContents) -> None:
    assert await plone.check() == ConnectionStatus(
        status="ok", details="Plone API responding normally"
    )

"""A site in this process, and Annals logged in there."""

from collections.abc import AsyncIterator, Iterator

import pytest

from infra.plone import session
from infra.plone.contents import PloneContents
from infra.plone.session import Login, plone_session
from tests.infra.plone.serving import serving
from tests.infra.plone.site import PASSWORD, USERNAME, Site


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(session, "FIRST_PAUSE_SECONDS", 0.01)
    with serving() as served:
        yield served


@pytest.fixture
async def plone(site: Site) -> AsyncIterator[PloneContents]:
    login = Login(url=site.url, username=USERNAME, password=PASSWORD)
    async with plone_session(login, timeout_seconds=20, user_agent="annals/1.2.3") as opened:
        yield PloneContents(opened)

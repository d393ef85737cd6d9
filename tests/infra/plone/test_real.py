"""The adapter against Plone itself, where PLONE_REAL names a Python that has it.

python3.11 -m venv plone && plone/bin/pip install Products.CMFPlone plone.restapi "setuptools<81"
PLONE_REAL=plone/bin/python pytest tests/infra/plone/test_real.py
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import msgspec
import pytest

from application.workflows.ports import ContentManagementError, ManagedContent, OutOfStepError
from infra.plone.contents import PloneContents
from infra.plone.session import Login, PloneSession, plone_session
from tests.infra.plone.site import PASSWORD, USERNAME

PYTHON = os.environ.get("PLONE_REAL", "")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not PYTHON, reason="PLONE_REAL names no Python that has Plone"),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("plone") / "instance"
    script = Path(__file__).with_name("real_site.py")
    errors = home.with_name("errors")
    with (
        errors.open("w") as written,
        subprocess.Popen(
            [PYTHON, script, home, USERNAME, PASSWORD],
            env={"PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        ) as plone,
    ):
        assert plone.stdout is not None
        said = next((line for line in plone.stdout if line.startswith("PORT ")), None)
        assert said, errors.read_text()[-2000:]
        yield f"http://127.0.0.1:{said.split()[1]}/Plone"
        plone.kill()


@pytest.fixture
def uid(url: str) -> str:
    """Make a page, as a person would over plone.restapi; it is private at first."""
    with httpx.Client(
        auth=(USERNAME, PASSWORD), headers={"Accept": "application/json"}, trust_env=False
    ) as client:
        made = client.post(url, json={"@type": "Document", "title": "Für alle"})
        return str(made.raise_for_status().json()["UID"])


def session(url: str, *, password: str = PASSWORD) -> AbstractAsyncContextManager[PloneSession]:
    login = Login(url=url, username=USERNAME, password=password)
    return plone_session(login, timeout_seconds=30, user_agent="annals/tests")


def spoil(opened: PloneSession) -> None:
    """Make Plone take the token no more, as after a rotation of its keyring."""
    assert opened._token is not None
    opened._token = msgspec.structs.replace(opened._token, text="no.token.ofplone")


@pytest.mark.parametrize("suffix", ["", "/++api++"])
async def test_contents_are_found_and_moved(url: str, uid: str, suffix: str) -> None:
    async with session(url + suffix) as opened:
        plone = PloneContents(opened)
        assert (await plone.check()).status == "ok"
        assert await plone.find(uid) == ManagedContent(state="private")
        unknown = [f"{number:032x}" for number in range(300)]
        assert list(await plone.find_all([*unknown, uid, "a b&c"])) == [uid]
        await plone.push(uid, "submit", to_state="pending", comments="Ready")
        await plone.push(uid, "submit", to_state="pending", comments="Ready")
        assert await plone.find(uid) == ManagedContent(state="pending")
        await plone.push(uid, "publish", to_state="published", comments=None)
        assert await plone.find(uid) == ManagedContent(state="published")
        with pytest.raises(OutOfStepError) as refused:
            await plone.push(uid, "submit", to_state="pending", comments=None)
        assert refused.value.state == "published"


async def test_a_token_that_plone_takes_no_more_hides_no_content(url: str, uid: str) -> None:
    async with session(url) as opened:
        plone = PloneContents(opened)
        assert await plone.find(uid)
        spoil(opened)
        assert await plone.find(uid)
        spoil(opened)
        await plone.push(uid, "submit", to_state="pending", comments=None)
        assert await plone.find(uid) == ManagedContent(state="pending")


async def test_a_wrong_password_is_refused(url: str, uid: str) -> None:
    async with session(url, password="wrong-secret") as opened:
        plone = PloneContents(opened)
        with pytest.raises(ContentManagementError):
            await plone.find(uid)
        assert (await plone.check()).status == "error"

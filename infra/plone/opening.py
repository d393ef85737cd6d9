"""Opening Plone as the settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from infra.plone.contents import PloneContents, Turns
from infra.plone.session import Login, plone_session
from infra.settings import Settings


@asynccontextmanager
async def open_plone(
    settings: Settings, user_agent: str, turns: Turns = nullcontext
) -> AsyncIterator[PloneContents | None]:
    """Give the contents of Plone; None where there is no Plone."""
    if settings.plone_url is None:
        yield None
        return
    login = Login(
        url=settings.plone_url.rstrip("/"),
        username=settings.plone_username or "",
        password=settings.plone_password or "",
    )
    async with plone_session(
        login, timeout_seconds=settings.plone_timeout_seconds, user_agent=user_agent
    ) as session:
        yield PloneContents(session, turns)

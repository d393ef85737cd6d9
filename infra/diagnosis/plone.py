"""The doctor's check of Plone."""

import asyncio
from collections.abc import Iterator

from application.workflows.ports import ConnectionStatus
from infra.diagnosis.patient import Seen, fine, problem
from infra.plone.opening import open_plone
from infra.settings import Settings


def examine_plone(settings: Settings) -> Iterator[Seen]:
    """See whether Plone answers, and lets Annals in."""
    status = asyncio.run(_ask(settings))
    if status is None:
        yield fine("PLONE_URL is not set: Annals keeps the workflows of contents by itself")
    elif status.status == "ok":
        yield fine("Plone answers")
    else:
        yield problem(
            "Plone does not answer, or does not let Annals in",
            "Start it, or correct PLONE_URL, PLONE_USERNAME and PLONE_PASSWORD",
        )


async def _ask(settings: Settings) -> ConnectionStatus | None:
    async with open_plone(settings, "annals-doctor") as plone:
        return None if plone is None else await plone.check()

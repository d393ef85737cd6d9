"""Watches as configured in the database, in a process of its own, until it is killed."""

import asyncio

from infra.logs import configure_logs
from infra.settings import load_settings
from interfaces.composition.foundation import foundation
from interfaces.composition.intake import file_watching


async def _watch() -> None:
    settings = load_settings()
    assert settings.database_url is not None
    async with (
        foundation(settings, settings.database_url, lasting=False) as base,
        file_watching(base).running(),
    ):
        print("watching", flush=True)  # noqa: T201 - whoever started it waits for this
        await asyncio.Event().wait()


if __name__ == "__main__":
    configure_logs("ERROR")
    asyncio.run(_watch())

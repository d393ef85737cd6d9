"""A worker may die before or after each thing it records: the games are the same, none twice."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from application.ports import EventStore
from domain.documents.processing_events import JobStatus
from infra.settings import Settings
from interfaces.composition import compose, open_database
from interfaces.services import Services
from tests.application.documents.working import HeldUpReader, Works, row, sheet

pytestmark = pytest.mark.anyio

# What a worker records of a sheet of two pages: that it took the job up, where it enters the first
# stage and each of the six others, the pages, and the end.
SAVES = 11


class DeathError(BaseException):
    """The end of a worker, which nothing catches."""


class DyingStore:
    """A store whose user dies at one of its saves: before it is done, or before it is known."""

    def __init__(self, store: EventStore, dies_at: int, *, is_recorded: bool) -> None:
        self._store = store
        self._dies_at = dies_at
        self._is_recorded = is_recorded
        self.saves = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def save(self, *aggregates: Any, **conditions: Any) -> int:
        self.saves += 1
        if self.saves == self._dies_at and not self._is_recorded:
            raise DeathError
        position = await self._store.save(*aggregates, **conditions)
        if self.saves == self._dies_at:
            raise DeathError
        return position


@pytest.fixture
async def services(settings: Settings, anyio_backend: str) -> AsyncIterator[Services]:
    assert anyio_backend == "asyncio"
    with open_database(settings) as conninfo:
        async with compose(settings, conninfo, frozenset({"projections"})) as composed:
            yield composed


@pytest.mark.parametrize("is_recorded", [False, True], ids=["before", "after"])
async def test_whenever_a_worker_dies_another_ends_its_job_and_lists_each_game_once(
    services: Services, settings: Settings, is_recorded: bool
) -> None:
    deaths = 0
    for dies_at in range(1, SAVES + 2):
        store = DyingStore(services.store, dies_at, is_recorded=is_recorded)
        dying = Works(services, settings, HeldUpReader(), store=cast(EventStore, store))
        job_id = await dying.take_in(
            sheet(row(10001, f"First {dies_at}"), row(10002, f"Second {dies_at}"))
        )
        with contextlib.suppress(DeathError):
            await dying.queue().work_off()
        deaths += store.saves == dies_at

        works = Works(services, settings, HeldUpReader())
        await works.queue().work_off()

        assert (await works.job(job_id)).state.status is JobStatus.COMPLETED
        topics = Counter(await works.topics(job_id))
        assert topics["ProcessingCompleted"] == 1
        listed = (await works.job(job_id)).state.result
        assert listed is not None
        assert (listed.games_processed, listed.games_listed) == (2, 2)
    assert deaths == SAVES
    await services.freshness.reach_head(["games", "documents"])
    counts = await services.documents.job_counts()
    assert (counts.total, counts.completed) == (SAVES + 1, SAVES + 1)

"""A job sets its stewardship up once, whatever happens to whoever runs it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from application.errors import NotFoundError
from application.metadata import by_system
from application.stewardship.jobs import AT_A_TIME, cancel_job, request_job, run_job
from domain.aggregate import Aggregate
from domain.errors import InvalidFieldError
from domain.events import Metadata
from domain.stewardship.definition import StewardshipDefinition
from domain.stewardship.job import MOST_ATTEMPTS, StewardshipJob
from domain.stewardship.job_events import StewardshipJobProgressed
from domain.stewardship.kinds import JobStatus
from domain.stewardship.stewardship import Stewardship
from interfaces.services import Services
from tests.domain.stewardship.definitions import ANN, a_definition, a_responsibility, a_steward

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")


class KilledError(BaseException):
    """The process is no more."""


class DyingStore:
    """A real event store, whose process is killed before or after its n-th save."""

    def __init__(self, services: Services, *, at: int, recorded: bool) -> None:
        self._store = services.store
        self._left = at
        self._recorded = recorded

    async def save(
        self,
        *aggregates: Aggregate,
        metadata: Metadata,
        unmoved: Mapping[str, int] | None = None,
    ) -> int:
        self._left -= 1
        if self._left == 0 and not self._recorded:
            raise KilledError
        position = await self._store.save(*aggregates, metadata=metadata, unmoved=unmoved)
        if self._left == 0:
            raise KilledError
        return position

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def now() -> datetime:
    return datetime.now(UTC)


async def requested(services: Services, definition: StewardshipDefinition) -> int:
    job, _ = await request_job(services.store, services.identifiers, definition, BY_TEST, now=now())
    return int(job.key)


async def job_of(services: Services, job_id: int) -> StewardshipJob:
    return await services.store.load(StewardshipJob, job_id)


async def ended(services: Services, job_id: int) -> StewardshipJob:
    while (job := await job_of(services, job_id)).is_open:
        await run_job(services.store, now, job_id, BY_TEST)
    return job


async def test_a_job_sets_up_the_stewardship_that_was_asked_for(services: Services) -> None:
    definition = a_definition(
        responsibilities=[a_responsibility(f"resp_{n}") for n in range(2 * AT_A_TIME + 1)]
    )
    job = await ended(services, await requested(services, definition))
    made = await services.store.load(Stewardship, job.state.stewardship_key)
    directly = Stewardship.create(99, definition, now=made.created_on)

    assert job.state.status == JobStatus.COMPLETED
    assert msgspec.to_builtins(made.state) == msgspec.to_builtins(directly.state)
    told = [
        (recorded.event.step, recorded.event.progress)
        for recorded in await services.store.history(job.id)
        if isinstance(recorded.event, StewardshipJobProgressed)
    ]
    assert told == [
        ("started", 0.05),
        ("validation", 0.2),
        ("stewards", 0.4),
        ("responsibilities", 0.649),
        ("responsibilities", 0.898),
        ("responsibilities", 0.9),
    ]


async def test_what_cannot_be_is_refused_before_there_is_a_job(services: Services) -> None:
    with pytest.raises(InvalidFieldError, match="user_id"):
        await request_job(
            services.store,
            services.identifiers,
            a_definition(stewards=[a_steward(ANN), a_steward(ANN)]),
            BY_TEST,
            now=now(),
        )


@pytest.mark.parametrize("recorded", [False, True], ids=["before", "after"])
async def test_a_worker_killed_at_any_save_leaves_one_stewardship(
    services: Services, recorded: bool
) -> None:
    saves = 0
    while True:
        saves += 1
        job_id = await requested(services, a_definition())
        dying: Any = DyingStore(services, at=saves, recorded=recorded)
        try:
            await run_job(dying, now, job_id, BY_TEST)
        except KilledError:
            killed = await job_of(services, job_id)
            is_there = await _exists(services, killed)
            assert is_there is (killed.state.status == JobStatus.COMPLETED)
            job = await ended(services, job_id)
            assert job.state.status == JobStatus.COMPLETED
            assert job.state.progress >= killed.state.progress
            assert await _exists(services, job)
        else:
            break
    assert saves > 4


async def test_a_definition_that_can_no_longer_be_fails_the_job(services: Services) -> None:
    job_id = await requested(services, a_definition())
    later_rules = msgspec.structs.replace(a_definition(), stewards=[])
    job = await job_of(services, job_id)
    with pytest.raises(InvalidFieldError):
        StewardshipJob.request(1, stewardship_id=1, definition=later_rules, now=now())

    class StricterStore(DyingStore):
        async def load(self, kind: Any, key: int) -> Any:
            loaded = await self._store.load(kind, key)
            if isinstance(loaded, StewardshipJob):
                loaded.state.definition = later_rules
            return loaded

    stricter: Any = StricterStore(services, at=0, recorded=False)
    await run_job(stricter, now, job_id, BY_TEST)
    job = await job_of(services, job_id)

    assert job.state.status == JobStatus.FAILED
    assert job.state.error == "at least one steward is required"
    assert not await _exists(services, job)
    assert job.definition.stewards[0].contact_info == {}


async def test_a_cancelled_job_leaves_nothing(services: Services) -> None:
    job_id = await requested(services, a_definition())
    await cancel_job(services.store, job_id, BY_TEST, now=now())
    await run_job(services.store, now, job_id, BY_TEST)
    job = await job_of(services, job_id)

    assert job.state.status == JobStatus.CANCELLED
    assert not await _exists(services, job)
    assert job.definition.stewards[0].contact_info == {}


async def test_one_that_is_cancelled_at_the_last_moment_leaves_nothing(
    services: Services,
) -> None:
    job_id = await requested(services, a_definition())

    class LateCancellation(DyingStore):
        async def save(self, *aggregates: Any, **conditions: Any) -> int:
            if len(aggregates) > 1:
                await cancel_job(self._store, job_id, BY_TEST, now=now())
            return await self._store.save(*aggregates, **conditions)

    late: Any = LateCancellation(services, at=0, recorded=False)
    with pytest.raises(Exception, match="changed by somebody else"):
        await run_job(late, now, job_id, BY_TEST)
    job = await ended(services, job_id)

    assert job.state.status == JobStatus.CANCELLED
    assert not await _exists(services, job)


async def test_what_goes_wrong_again_and_again_fails_the_job_at_last(services: Services) -> None:
    job_id = await requested(services, a_definition())

    class BrokenStore(DyingStore):
        async def save(self, *aggregates: Any, **conditions: Any) -> int:
            if len(aggregates) > 1:
                raise OSError("no space left on device /var/lib/secret")
            return await self._store.save(*aggregates, **conditions)

    broken: Any = BrokenStore(services, at=0, recorded=False)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(OSError, match="no space"):
            await run_job(broken, now, job_id, BY_TEST)
    await run_job(broken, now, job_id, BY_TEST)
    job = await job_of(services, job_id)

    assert job.state.status == JobStatus.FAILED
    assert job.state.error == "The job was begun 5 times and failed each time; the log says why"
    assert not await _exists(services, job)


async def _exists(services: Services, job: StewardshipJob) -> bool:
    try:
        await services.store.load(Stewardship, job.state.stewardship_key)
    except NotFoundError:
        return False
    return True

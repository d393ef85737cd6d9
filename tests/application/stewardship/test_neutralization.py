"""Contact details are found wherever they are, also where the read model lost them."""

import msgspec
import psycopg
import pytest

from application.metadata import by_system
from application.stewardship.handlers import change_stewardship, create_stewardship
from application.stewardship.jobs import request_job
from application.stewardship.neutralization import find_contact, neutralize_everywhere
from domain.personal import REDACTED
from domain.stewardship.job import StewardshipJob
from domain.stewardship.steward_events import StewardAssigned
from domain.stewardship.stewardship import Stewardship
from infra.settings import Settings
from interfaces.services import Services
from tests.domain.stewardship.definitions import ANN, CONTACT, START, a_definition, a_steward, after
from tests.projections.stewardship.losing import lose_stewardship

pytestmark = pytest.mark.anyio

METADATA = by_system("forgetting")


async def forget(services: Services, user_id: str) -> tuple[list[int], list[int]]:
    """Erase everything, and tell in which stewardships and jobs there was something."""
    await services.freshness.reach_head(("stewardships",))
    held = await find_contact(
        services.store, services.stewardships, services.parked_streams, user_id
    )
    done = await neutralize_everywhere(
        services.store,
        services.clock,
        held,
        user_id,
        reason="asked to",
        policy="data_subject",
        metadata=METADATA,
    )
    assert (done.stewardships.failed, done.jobs.failed) == ([], [])
    return done.stewardships.done, done.jobs.done


async def created(services: Services) -> int:
    stewardship, _ = await create_stewardship(
        services.store, services.identifiers, lambda: START, a_definition(), METADATA
    )
    return int(stewardship.key)


async def test_in_a_job_that_waits(services: Services) -> None:
    job, _ = await request_job(
        services.store, services.identifiers, a_definition(), METADATA, now=START
    )

    assert await forget(services, ANN) == ([], [int(job.key)])

    waiting = await services.store.load(StewardshipJob, job.key)
    assert waiting.definition.stewards[0].contact_info == {}
    assert await forget(services, ANN) == ([], [])


async def test_of_somebody_who_is_a_steward_no_longer(services: Services) -> None:
    key = await created(services)

    def replace(stewardship: Stewardship) -> None:
        stewardship.assign_steward(a_steward("bob"), now=after(hours=1))
        stewardship.remove_steward(ANN, now=after(hours=1))

    await change_stewardship(services.store, key, replace, METADATA)

    assert await forget(services, ANN) == ([key], [])

    events = [each.event for each in await services.store.history(f"stewardship-{key}")]
    assert [each.contact_info for each in events if isinstance(each, StewardAssigned)] == [
        dict.fromkeys(CONTACT, REDACTED),
        {},
    ]


async def test_an_address_among_the_options_of_stewardships_and_jobs_in_whatever_case(
    services: Services,
) -> None:
    key = await created(services)
    job, _ = await request_job(
        services.store, services.identifiers, a_definition(), METADATA, now=START
    )

    assert await forget(services, "Approver@Company.com") == ([key], [int(job.key)])

    for stream in (f"stewardship-{key}", job.id):
        events = [each.event for each in await services.store.history(stream)]
        assert b"manager@company.com" in msgspec.json.encode(events)
        assert b"approver@company.com" not in msgspec.json.encode(events)
    waiting = await services.store.load(StewardshipJob, job.key)
    assert waiting.definition.options.approval.approvers == [REDACTED]
    assert await forget(services, "approver@company.com") == ([], [])


async def test_a_parked_stream_that_cannot_be_read_keeps_nobody_else(
    services: Services, settings: Settings
) -> None:
    key = await created(services)
    lost = await created(services)
    await services.freshness.reach_head(("stewardships",))
    lose_stewardship(settings, lost)
    await change_stewardship(
        services.store,
        lost,
        lambda it: it.measure("metric_001", 95.0, measured_at=None, now=after(hours=1)),
        METADATA,
    )
    await services.freshness.reach_head(("stewardships",))
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("UPDATE parked_streams SET stream_id = 'stewardship-999999999'")

    assert await forget(services, ANN) == ([key], [])


async def test_in_a_stewardship_that_the_read_model_cannot_follow(
    services: Services, settings: Settings
) -> None:
    key = await created(services)
    await services.freshness.reach_head(("stewardships",))
    lose_stewardship(settings, key)
    await change_stewardship(
        services.store,
        key,
        lambda it: it.assign_steward(a_steward("bob", contact_info=CONTACT), now=after(hours=1)),
        METADATA,
    )

    assert await forget(services, "bob") == ([key], [])
    assert await forget(services, ANN) == ([key], [])

"""What goes wrong within Annals becomes an event, once, and without personal data."""

from collections.abc import AsyncIterator, Sequence

import psycopg
import pytest

from application.jobs import Arguments, JobFailedError, JobStatus
from application.metadata import by_system
from application.system.ports import Fault
from application.system.reporting import REPORT_FAULTS, fault_reporting, report_faults
from domain.events import Recorded
from domain.system.events import SystemErrorOccurred
from domain.system.incident import Incident
from infra.event_store.assembly import EventStoreParts
from infra.jobs.queue import PostgresJobQueue
from infra.postgres.connections import connection_pool
from infra.system.faults import PostgresFaults
from interfaces.composition import OUTWARD
from projections.projection import Projection
from projections.table import Rows
from tests.infra.event_store.opening import rows
from tests.infra.jobs.working import Workers, duty, enqueued, until_status
from tests.infra.projections.projecting import Projecting, caught_up, note
from tests.infra.projections.thing_projection import thing_projection

pytestmark = pytest.mark.anyio

BY_TEST = by_system("test")
SECRET = "of Ann Example"


@pytest.fixture
async def faults(conninfo: str) -> AsyncIterator[PostgresFaults]:
    async with connection_pool(conninfo, 2) as pool:
        yield PostgresFaults(pool, unless=REPORT_FAULTS.name)


async def fail(_: Arguments) -> None:
    raise JobFailedError(f"the secret {SECRET}")


async def occurred(log: EventStoreParts, stream_id: str) -> SystemErrorOccurred:
    [recorded] = await log.store.history(stream_id)
    [message] = OUTWARD.render(recorded)
    assert message.name == "system_error"
    assert SECRET not in str(message.data)
    assert isinstance(recorded.event, SystemErrorOccurred)
    return recorded.event


async def test_a_parked_stream_is_told_of_once(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    faults: PostgresFaults,
) -> None:
    bad = f"bad {SECRET}"
    await note(log, 1, "good", bad, "behind it")
    await projecting.start(thing_projection(at_a_loss_with=frozenset({bad})))
    await caught_up(sql, "things")

    assert await report_faults(log.store, faults, BY_TEST) == 1
    assert await report_faults(log.store, faults, BY_TEST) == 0

    error = await occurred(log, "incident-parked-things-v1-3")
    assert (error.component, error.details) == (
        "projections",
        {
            "projection": "things",
            "projection_version": 1,
            "stream_id": "thing-1",
            "position": 3,
            "type": "ThingNoted",
        },
    )


async def test_a_job_that_failed_for_good_is_told_of_once(
    log: EventStoreParts, queue: PostgresJobQueue, workers: Workers, faults: PostgresFaults
) -> None:
    failing = duty("failing", fail)
    await workers.start(failing)
    job_id = await enqueued(queue, failing)
    await until_status(queue, job_id, JobStatus.FAILED)

    assert await report_faults(log.store, faults, BY_TEST) == 1
    assert await report_faults(log.store, faults, BY_TEST) == 0

    error = await occurred(log, f"incident-job-{job_id}")
    assert error.component == "jobs"
    assert error.details == {"job": "failing", "id": job_id, "attempts": 1}


async def test_of_two_who_report_at_once_each_fault_is_told_of_once(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    faults: PostgresFaults,
) -> None:
    await note(log, 1, "bad")
    await projecting.start(thing_projection(at_a_loss_with=frozenset({"bad"})))
    await caught_up(sql, "things")

    class Late:
        """Has looked before another process recorded what it found."""

        async def unrecorded(self) -> Sequence[Fault]:
            found = list(await faults.unrecorded())
            assert await report_faults(log.store, faults, BY_TEST) == 1
            return found

    assert await report_faults(log.store, Late(), BY_TEST) == 0
    assert len(await log.store.history("incident-parked-things-v1-2")) == 1


async def test_the_stream_of_a_fault_is_no_fault_to_report_when_it_is_parked(
    log: EventStoreParts,
    projecting: Projecting,
    sql: psycopg.AsyncConnection,
    faults: PostgresFaults,
) -> None:
    following = Projection(
        "things", version=1, schema=thing_projection().schema, tables=thing_projection().tables
    )

    @following.on(SystemErrorOccurred)
    def at_a_loss(_: Recorded[SystemErrorOccurred], __: Rows) -> None:
        raise ValueError

    incident = Incident.occur("test", component="tests", error="A test", details={})
    await log.store.save(incident, metadata=BY_TEST)
    await projecting.start(following)
    await caught_up(sql, "things")

    assert await rows(sql, "SELECT stream_id FROM parked_streams") == [("incident-test",)]
    assert await faults.unrecorded() == []


async def test_what_reports_faults_is_no_fault_to_report_when_it_fails(
    log: EventStoreParts, queue: PostgresJobQueue, workers: Workers, faults: PostgresFaults
) -> None:
    class Unreachable:
        async def unrecorded(self) -> Sequence[Fault]:
            raise ConnectionError

    reporting = fault_reporting(log.store, Unreachable())
    await workers.start(reporting)
    job_id = await queue.enqueue(REPORT_FAULTS.job())
    assert job_id is not None
    await until_status(queue, job_id, JobStatus.FAILED)

    assert await faults.unrecorded() == []

"""Each due moment of a cron makes one job, whichever process sees it, and none is lost."""

import time

import psycopg
import pytest

from application.jobs import Arguments, JobQueue
from application.runs.sweeping import SWEEP_RETENTION, retention_sweep
from infra.jobs.housekeeping import FORGET_FINISHED_JOBS, housekeeping
from infra.postgres.connections import connection_pool
from tests.infra.event_store.opening import rows, until, until_so
from tests.infra.jobs.working import Workers, duty, enqueued

pytestmark = pytest.mark.anyio

# Its last due moment was some time ago, and the next is not soon.
YEARLY = "0 0 1 1 *"

DEFER = """
SELECT jobs.procrastinate_defer_periodic_job_v2(
    'work', NULL, NULL, 'work', 0, '', %s, jsonb_build_object('timestamp', %s::bigint)
)
"""


async def nothing(_: Arguments) -> None:
    """There is nothing to do."""


async def test_the_last_moment_that_was_missed_is_made_up_for_once_though_two_workers_start(
    workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    done: list[dict[str, str | int]] = []

    async def note(arguments: Arguments) -> None:
        done.append(dict(arguments))

    yearly, other = duty("yearly", note, cron=YEARLY), duty("other", nothing)
    await workers.start(yearly, other)
    await workers.start(yearly, other)
    await until(lambda: bool(done))
    stopped = await workers.start(yearly, other)
    await stopped.aclose()

    assert done == [{}]
    assert await rows(sql, "SELECT task_name FROM jobs.procrastinate_jobs") == [("yearly",)]


async def test_two_workers_make_one_job_for_each_due_moment(
    workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    every_second = duty("often", nothing, cron="* * * * * *")
    await workers.start(every_second)
    await workers.start(every_second)
    moments = "SELECT args ->> 'timestamp', count(*) FROM jobs.procrastinate_jobs GROUP BY 1"

    async def three() -> bool:
        return len(await rows(sql, moments)) >= 3

    await until_so(three)

    assert {count for _, count in await rows(sql, moments)} == {1}


async def test_a_process_that_was_stopped_for_a_while_makes_no_older_job_again(
    sql: psycopg.AsyncConnection,
) -> None:
    assert await rows(sql, DEFER, 1_000, 1_000) == [(1,)]
    assert await rows(sql, DEFER, 2_000, 2_000) == [(2,)]

    assert await rows(sql, DEFER, 1_000, 1_000) == [(None,)]
    assert await rows(sql, DEFER, 2_000, 2_000) == [(None,)]


async def test_a_process_with_a_wrong_clock_silences_no_cron(
    sql: psycopg.AsyncConnection,
) -> None:
    in_a_year = round(time.time()) + 31_536_000
    assert await rows(sql, DEFER, in_a_year, in_a_year) == [(1,)]

    assert await rows(sql, DEFER, 1_000, 1_000) == [(2,)]
    assert await rows(sql, DEFER, 1_000, 1_000) == [(None,)]


async def test_while_a_job_of_a_cron_waits_there_is_no_second(
    workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    busy = await sql.execute(
        "SELECT jobs.enqueue('yearly', '{}', 0, now() + interval '1 day', NULL, 'yearly')"
    )
    assert busy is not None
    worker = await workers.start(duty("yearly", nothing, cron=YEARLY))
    await worker.aclose()

    assert await rows(sql, "SELECT count(*) FROM jobs.procrastinate_jobs") == [(1,)]


async def test_jobs_are_forgotten_some_days_after_they_ended(
    workers: Workers, queue: JobQueue, sql: psycopg.AsyncConnection, database: str
) -> None:
    work = duty("work", nothing)
    worker = await workers.start(work)
    old = await enqueued(queue, work)
    young = await enqueued(queue, work)
    ended = "SELECT FROM jobs.procrastinate_jobs WHERE status = 'succeeded'"

    async def both() -> bool:
        return len(await rows(sql, ended)) == 2

    await until_so(both)
    await worker.aclose()
    waiting = await enqueued(queue, work)
    await sql.execute(
        "UPDATE jobs.procrastinate_events SET at = at - interval '8 days' WHERE job_id <> %s",
        (young,),
    )
    async with connection_pool(database, 1) as pool:
        for housework in housekeeping(pool, lambda: None, audit_log_days=365):
            await housework.function({})

    found = await rows(sql, "SELECT id FROM jobs.procrastinate_jobs ORDER BY id")
    assert found == [(young,), (waiting,)]
    assert old not in (young, waiting)
    assert FORGET_FINISHED_JOBS.priority < work.kind.priority


async def test_the_retention_sweep_runs_when_it_is_due(
    workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    swept: list[str] = []

    async def sweep() -> None:
        swept.append("runs")

    await workers.start(retention_sweep(sweep, cron=YEARLY))
    await until(lambda: bool(swept))

    assert swept == ["runs"]
    assert await rows(sql, "SELECT task_name FROM jobs.procrastinate_jobs") == [
        (SWEEP_RETENTION.name,)
    ]

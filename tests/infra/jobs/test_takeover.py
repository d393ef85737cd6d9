"""A worker may die, stop or lose the database at any moment, and each of its jobs is done."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import psycopg
import pytest

from application.jobs import Arguments, JobQueue, JobStatus
from tests.infra.event_store.opening import rows, until, until_so
from tests.infra.jobs.working import ONCE, Workers, duty, enqueued, until_status

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]

# Begins every job that it finds and never ends.
ENDLESS = """
import asyncio, sys
from application.jobs import Duty, JobKind
from infra.jobs.worker import JobWorker

async def endless(_):
    print("begun", flush=True)
    await asyncio.Event().wait()

async def main():
    duty = Duty(kind=JobKind(name="work", timeout_seconds=600), function=endless)
    async with JobWorker(sys.argv[1], [duty], concurrency=1).running():
        await asyncio.Event().wait()

asyncio.run(main())
"""

DROP_CONNECTIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'annals jobs' AND datname = current_database()
"""


@pytest.fixture
def soon_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers tell often that they live, and are soon missed."""
    monkeypatch.setattr("infra.jobs.worker.HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr("infra.jobs.takeover.STALLED_AFTER_SECONDS", 3.0)


@pytest.mark.usefixtures("soon_missed")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_the_job_of_a_process_that_was_killed_or_stopped_is_done_by_another(
    database: str, queue: JobQueue, workers: Workers, number: int
) -> None:
    done: list[str] = []

    async def finish(_: Arguments) -> None:
        done.append("work")

    work = duty("work", finish, retries=ONCE)
    job_id = await enqueued(queue, work)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ENDLESS, database),
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ) | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"begun\n"
        assert await queue.status(job_id) is JobStatus.RUNNING
        process.send_signal(number)
        await workers.start(work)
        await until_status(queue, job_id, JobStatus.SUCCEEDED)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    assert done == ["work"]


@pytest.mark.usefixtures("soon_missed")
async def test_a_job_that_runs_for_longer_than_a_worker_is_missed_is_left_to_it(
    queue: JobQueue, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.jobs.takeover.STALLED_AFTER_SECONDS", 1.0)
    begun: list[str] = []

    async def take_long(_: Arguments) -> None:
        begun.append("work")
        await asyncio.sleep(2)

    work = duty("work", take_long)
    await workers.start(work)
    await workers.start(work)

    await until_status(queue, await enqueued(queue, work), JobStatus.SUCCEEDED)

    assert begun == ["work"]


@pytest.mark.usefixtures("soon_missed")
async def test_a_job_whose_worker_died_after_it_was_called_off_has_ended(
    queue: JobQueue, workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    work = duty("work", _never)
    job_id = await enqueued(queue, work)
    await sql.execute("UPDATE jobs.procrastinate_jobs SET status = 'doing'")
    assert await queue.cancel(job_id)

    await workers.start(work)

    await until_status(queue, job_id, JobStatus.CANCELLED)


async def test_a_worker_that_stops_lets_jobs_end_that_soon_do(
    queue: JobQueue, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.jobs.worker.GRACE_SECONDS", 10.0)
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work_on(_: Arguments) -> None:
        begun.set()
        await may_end.wait()

    work = duty("work", work_on)
    worker = await workers.start(work)
    job_id = await enqueued(queue, work)
    await begun.wait()
    stopping = asyncio.create_task(worker.aclose())
    may_end.set()
    await stopping

    assert await queue.status(job_id) is JobStatus.SUCCEEDED


async def test_a_worker_that_stops_gives_back_what_takes_longer(
    queue: JobQueue, workers: Workers
) -> None:
    begun: list[str] = []

    async def take_longer_the_first_time(_: Arguments) -> None:
        begun.append("work")
        if len(begun) == 1:
            await asyncio.Event().wait()

    work = duty("work", take_longer_the_first_time, retries=ONCE)
    worker = await workers.start(work)
    job_id = await enqueued(queue, work)
    await until(lambda: bool(begun))
    await worker.aclose()
    assert await queue.status(job_id) is JobStatus.WAITING

    await workers.start(work)

    await until_status(queue, job_id, JobStatus.SUCCEEDED)
    assert begun == ["work", "work"]


async def test_a_worker_that_loses_the_database_while_a_job_runs_records_how_it_ended(
    queue: JobQueue, workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    begun: list[str] = []
    may_end = asyncio.Event()

    async def work_on(_: Arguments) -> None:
        begun.append("work")
        await may_end.wait()

    work = duty("work", work_on)
    await workers.start(work)
    job_id = await enqueued(queue, work)
    await until(lambda: bool(begun))
    for _ in range(3):
        await sql.execute(DROP_CONNECTIONS)
    may_end.set()

    await until_status(queue, job_id, JobStatus.SUCCEEDED)
    assert begun == ["work"]


async def test_every_job_is_done_though_the_workers_lose_the_database_at_random(
    queue: JobQueue, workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    done: set[str | int] = set()

    async def note(arguments: Arguments) -> None:
        done.add(arguments["n"])

    work = duty("work", note)
    await workers.start(work)
    await workers.start(work)
    for n in range(100):
        await enqueued(queue, work, n=n)
        if n % 10 == 0:
            await sql.execute(DROP_CONNECTIONS)
    left = "SELECT FROM jobs.procrastinate_jobs WHERE status <> 'succeeded'"

    async def none_left() -> bool:
        return not await rows(sql, left)

    await until_so(none_left)
    assert done == set(range(100))


async def _never(_: Arguments) -> None:
    raise AssertionError

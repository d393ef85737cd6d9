"""A worker does each job once it may begin, the most urgent first, and again if it went wrong."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import structlog

from application.errors import NotFoundError
from application.jobs import Arguments, JobFailedError, JobQueue, JobStatus, RetryPolicy
from tests.infra.event_store.opening import rows, until, until_so
from tests.infra.jobs.working import ONCE, Workers, duty, enqueued, until_status

pytestmark = pytest.mark.anyio


class Diary:
    """A function of jobs that writes down what it was called with."""

    def __init__(self) -> None:
        self.entries: list[dict[str, str | int]] = []

    async def __call__(self, arguments: Arguments) -> None:
        self.entries.append(dict(arguments))


async def fail(_: Arguments) -> None:
    raise ValueError("the secret of Ann Example")


async def test_a_job_is_done_with_its_arguments(queue: JobQueue, workers: Workers) -> None:
    diary = Diary()
    note = duty("note", diary)
    await workers.start(note)

    job_id = await enqueued(queue, note, run_id=7, reason="asked to")

    await until_status(queue, job_id, JobStatus.SUCCEEDED)
    assert diary.entries == [{"run_id": 7, "reason": "asked to"}]


async def test_a_worker_with_nothing_to_do_hears_of_a_new_job(
    queue: JobQueue, workers: Workers, monkeypatch: pytest.MonkeyPatch, sql: psycopg.AsyncConnection
) -> None:
    monkeypatch.setattr("infra.jobs.worker.LOOK_AGAIN_SECONDS", 3600.0)
    note = duty("note", Diary())
    await workers.start(note)

    async def listening() -> bool:
        listeners = "SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND state = 'idle'"
        return bool(await rows(sql, listeners + " AND datname = current_database()"))

    await until_so(listening)
    job_id = await enqueued(queue, note)

    await until_status(queue, job_id, JobStatus.SUCCEEDED)


async def test_the_most_urgent_goes_first_and_then_the_oldest(
    queue: JobQueue, workers: Workers
) -> None:
    diary = Diary()
    minor, usual, urgent = (
        duty("minor", diary, priority=-1),
        duty("usual", diary),
        duty("urgent", diary, priority=1),
    )
    jobs = [
        await enqueued(queue, minor, n=4),
        await enqueued(queue, usual, n=2),
        await enqueued(queue, usual, n=3),
        await enqueued(queue, urgent, n=1),
    ]
    await workers.start(minor, usual, urgent, concurrency=1)

    await until_status(queue, jobs[0], JobStatus.SUCCEEDED)

    assert [entry["n"] for entry in diary.entries] == [1, 2, 3, 4]


async def test_a_job_does_not_begin_before_its_time(queue: JobQueue, workers: Workers) -> None:
    diary = Diary()
    note = duty("note", diary)
    later = await queue.enqueue(note.kind.job({"n": 1}, at=datetime.now(UTC) + timedelta(hours=1)))
    assert later is not None
    await workers.start(note, concurrency=1)

    await until_status(queue, await enqueued(queue, note, n=2), JobStatus.SUCCEEDED)

    assert diary.entries == [{"n": 2}]
    assert await queue.status(later) is JobStatus.WAITING


async def test_a_job_that_went_wrong_is_tried_again(queue: JobQueue, workers: Workers) -> None:
    attempts: list[int] = []

    async def third_time_lucky(_: Arguments) -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise OSError("not yet")

    work = duty("work", third_time_lucky)
    await workers.start(work)

    await until_status(queue, await enqueued(queue, work), JobStatus.SUCCEEDED)

    assert len(attempts) == 3


async def test_before_it_is_tried_again_its_pause_passes(
    queue: JobQueue, workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    policy = RetryPolicy(attempts=2, first_pause_seconds=3600, longest_pause_seconds=7200)
    hourly = duty("work", fail, retries=policy)
    await workers.start(hourly)
    job_id = await enqueued(queue, hourly)

    async def again() -> bool:
        due = "SELECT scheduled_at - now() FROM jobs.procrastinate_jobs WHERE attempts = 1"
        found = await rows(sql, due)
        return bool(found) and timedelta(minutes=59) < found[0][0] <= timedelta(hours=1)  # type: ignore[operator]

    await until_so(again)
    assert await queue.status(job_id) is JobStatus.WAITING


async def test_a_job_has_failed_once_its_attempts_are_spent(
    queue: JobQueue, workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    work = duty("work", fail)
    await workers.start(work)

    await until_status(queue, await enqueued(queue, work), JobStatus.FAILED)

    assert await rows(sql, "SELECT attempts FROM jobs.procrastinate_jobs") == [(3,)]


async def test_a_job_that_knows_that_it_has_failed_is_not_tried_again(
    queue: JobQueue, workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    async def give_up(_: Arguments) -> None:
        raise JobFailedError

    work = duty("work", give_up)
    await workers.start(work)

    await until_status(queue, await enqueued(queue, work), JobStatus.FAILED)

    assert await rows(sql, "SELECT attempts FROM jobs.procrastinate_jobs") == [(1,)]


async def test_an_attempt_that_takes_too_long_is_ended(queue: JobQueue, workers: Workers) -> None:
    ended: list[str] = []

    async def dawdle(_: Arguments) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("dawdle")

    work = duty("work", dawdle, timeout_seconds=0.05, retries=ONCE)
    await workers.start(work)

    await until_status(queue, await enqueued(queue, work), JobStatus.FAILED)

    assert ended == ["dawdle"]


async def test_of_jobs_with_one_lock_one_runs_at_a_time_and_in_order(
    queue: JobQueue, workers: Workers
) -> None:
    told: list[str] = []

    async def tell(arguments: Arguments) -> None:
        told.append(f"begins {arguments['n']}")
        await asyncio.sleep(0.02)
        told.append(f"ends {arguments['n']}")

    work = duty("work", tell)
    jobs = [await queue.enqueue(work.kind.job({"n": n}, lock="run-1")) for n in range(3)]
    await workers.start(work)
    await workers.start(work)

    assert jobs[-1] is not None
    await until_status(queue, jobs[-1], JobStatus.SUCCEEDED)

    assert told == ["begins 0", "ends 0", "begins 1", "ends 1", "begins 2", "ends 2"]


async def test_of_jobs_with_one_queueing_lock_one_waits(queue: JobQueue) -> None:
    note = duty("note", Diary())
    assert await queue.enqueue(note.kind.job(queueing_lock="sweep")) is not None
    assert await queue.enqueue(note.kind.job(queueing_lock="sweep")) is None
    assert await queue.enqueue(note.kind.job(queueing_lock="another")) is not None


async def test_a_job_with_a_queueing_lock_is_tried_again_though_a_younger_one_waits(
    queue: JobQueue, workers: Workers
) -> None:
    attempts: list[int] = []
    may_fail = asyncio.Event()

    async def fail_once(_: Arguments) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            await may_fail.wait()
            raise OSError

    work = duty("work", fail_once)
    first = await queue.enqueue(work.kind.job(queueing_lock="sweep"))
    await workers.start(work, concurrency=1)
    await until(lambda: bool(attempts))
    second = await queue.enqueue(work.kind.job(queueing_lock="sweep"))
    may_fail.set()

    assert first is not None
    assert second is not None
    await until_status(queue, first, JobStatus.SUCCEEDED)
    await until_status(queue, second, JobStatus.SUCCEEDED)
    assert len(attempts) == 3


async def test_a_kind_that_a_worker_does_not_know_is_left_to_others(
    queue: JobQueue, workers: Workers
) -> None:
    diary = Diary()
    known, unknown = duty("known", diary), duty("unknown", diary, priority=1)
    await workers.start(known)
    left = await enqueued(queue, unknown)
    await until_status(queue, await enqueued(queue, known), JobStatus.SUCCEEDED)
    assert await queue.status(left) is JobStatus.WAITING

    await workers.start(unknown)

    await until_status(queue, left, JobStatus.SUCCEEDED)


async def test_a_waiting_job_that_is_called_off_does_not_begin(
    queue: JobQueue, workers: Workers
) -> None:
    diary = Diary()
    note = duty("note", diary)
    called_off = await enqueued(queue, note, n=1)
    assert await queue.cancel(called_off)
    assert not await queue.cancel(called_off)
    await workers.start(note, concurrency=1)

    await until_status(queue, await enqueued(queue, note, n=2), JobStatus.SUCCEEDED)

    assert diary.entries == [{"n": 2}]
    assert await queue.status(called_off) is JobStatus.CANCELLED


async def test_a_running_job_that_is_called_off_ends_and_is_not_tried_again(
    queue: JobQueue, workers: Workers, sql: psycopg.AsyncConnection
) -> None:
    told: list[str] = []

    async def endless(_: Arguments) -> None:
        told.append("begins")
        try:
            await asyncio.Event().wait()
        finally:
            told.append("ends")

    work = duty("work", endless)
    await workers.start(work)
    job_id = await enqueued(queue, work)
    await until(lambda: told == ["begins"])

    assert await queue.cancel(job_id)

    await until_status(queue, job_id, JobStatus.CANCELLED)
    assert told == ["begins", "ends"]
    assert await rows(sql, "SELECT attempts FROM jobs.procrastinate_jobs") == [(1,)]


async def test_a_job_that_nobody_knows_is_not_found(queue: JobQueue) -> None:
    with pytest.raises(NotFoundError, match="Job 7 not found"):
        await queue.status(7)
    assert not await queue.cancel(7)


async def test_what_goes_wrong_is_logged_by_type_and_place_without_message_or_arguments(
    queue: JobQueue, workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    work = duty("work", fail, retries=RetryPolicy(attempts=2, first_pause_seconds=0.01))
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as logged:
        await workers.start(work)
        await until_status(queue, await enqueued(queue, work, run_id="run-4711"), JobStatus.FAILED)

    told = [entry for entry in logged if "error" in entry]
    assert [(entry["event"], entry["attempt"]) for entry in told] == [
        ("job_attempt_failed", 1),
        ("job_failed", 2),
    ]
    [_, entry] = told
    assert (entry["job"], entry["error"]) == ("work", "ValueError")
    assert "test_worker.py" in entry["frames"][-1]
    written = f"{logged} {[record.getMessage() for record in caplog.records]}"
    assert "Ann Example" not in written
    assert "4711" not in written

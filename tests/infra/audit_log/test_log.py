"""Calls are noted in memory and written in batches; none is lost while the process lives."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from structlog.testing import capture_logs

from application.audit_log import CallFilter, LoggedCall
from infra.audit_log import log as module
from infra.audit_log.log import FLUSH_SECONDS, PostgresAuditLog
from tests.infra.audit_log.calling import RUN_42, call

pytestmark = pytest.mark.anyio


async def find(log: PostgresAuditLog, **wanted: Any) -> Sequence[LoggedCall]:
    found = await log.find(CallFilter(**wanted), page=1, size=100)
    assert found.total == len(found.items)
    return found.items


async def requests(log: PostgresAuditLog, **wanted: Any) -> Sequence[str]:
    return [found.request_id for found in await find(log, **wanted)]


async def test_before_the_first_call_there_is_none(pool: AsyncConnectionPool) -> None:
    assert await find(PostgresAuditLog(pool)) == []


async def test_a_call_is_found_as_soon_as_it_is_noted_and_as_it_was(
    pool: AsyncConnectionPool,
) -> None:
    log = PostgresAuditLog(pool)
    log.note(RUN_42)
    [found] = await find(log)
    assert msgspec.structs.asdict(found) == {"id": 1} | msgspec.structs.asdict(RUN_42)


async def test_what_is_not_known_of_a_call_is_left_open(pool: AsyncConnectionPool) -> None:
    log = PostgresAuditLog(pool)
    log.note(call(actor=None, route=None, path=None, event_position=None))
    [found] = await find(log)
    assert (found.actor, found.route, found.path, found.event_position) == (None,) * 4


async def test_calls_are_listed_newest_first_however_they_were_noted(
    pool: AsyncConnectionPool,
) -> None:
    log = PostgresAuditLog(pool)
    for number in (2, 0, 3, 1):
        moment = RUN_42.created_at + timedelta(seconds=number)
        log.note(call(request_id=str(number), created_at=moment))
    assert await requests(log) == ["3", "2", "1", "0"]
    page = await log.find(CallFilter(), page=2, size=3)
    assert ([found.request_id for found in page.items], page.total) == (["0"], 4)


@pytest.mark.parametrize(
    "field",
    [
        {"actor": "api_key:5"},
        {"method": "GET"},
        {"route": "/api/v1/runs"},
        {"path": "/api/v1/runs/43"},
        {"status_code": 404},
        {"request_id": "request-2"},
    ],
)
async def test_calls_are_found_by_each_of_their_fields(
    pool: AsyncConnectionPool, field: dict[str, Any]
) -> None:
    log = PostgresAuditLog(pool)
    for noted in (RUN_42, call(**field), RUN_42):
        log.note(noted)
    assert len(await find(log, **field)) == 1
    [name] = field
    assert len(await find(log, **{name: getattr(RUN_42, name)})) == 2


async def test_calls_are_found_by_time_and_duration_bounds_included(
    pool: AsyncConnectionPool,
) -> None:
    log = PostgresAuditLog(pool)
    for number in range(3):
        moment = RUN_42.created_at + timedelta(microseconds=number)
        log.note(call(request_id=str(number), created_at=moment, duration_ms=number * 10.5))
    middle = RUN_42.created_at + timedelta(microseconds=1)
    assert await requests(log, created_after=middle) == ["2", "1"]
    assert await requests(log, created_before=middle) == ["1", "0"]
    assert await requests(log, created_after=middle, created_before=middle) == ["1"]
    assert await requests(log, min_duration=10.5) == ["2", "1"]
    assert await requests(log, min_duration=10.6, created_before=middle) == []


async def test_processes_write_side_by_side_and_their_number_is_exact(
    pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 7)
    logs = [PostgresAuditLog(pool) for _ in range(4)]

    async def work(log: PostgresAuditLog) -> None:
        for number in range(50):
            log.note(call(created_at=RUN_42.created_at + timedelta(days=number % 3)))
            if number % 10 == 9:
                await log.flush()

    await asyncio.gather(*(work(log) for log in logs))
    found = await logs[0].find(CallFilter(), page=1, size=300)
    assert found.total == len(found.items) == 200
    assert len({each.id for each in found.items}) == 200


async def test_calls_are_written_by_themselves_and_when_the_process_leaves(
    pool: AsyncConnectionPool,
) -> None:
    log, other = PostgresAuditLog(pool), PostgresAuditLog(pool)
    async with log.running():
        log.note(RUN_42)
        await asyncio.sleep(2 * FLUSH_SECONDS)
        assert len(await find(other)) == 1
        log.note(RUN_42)
    assert len(await find(other)) == 2


def rename(database: str, old: str, new: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")


async def test_what_could_not_be_written_stays_noted(
    pool: AsyncConnectionPool, database: str
) -> None:
    log = PostgresAuditLog(pool)
    log.note(RUN_42)
    rename(database, "audit_log_days", "away")
    with pytest.raises(psycopg.Error):
        await log.flush()
    log.note(RUN_42)
    rename(database, "away", "audit_log_days")
    assert [found.id for found in await find(log)] == [2, 1]


async def test_a_batch_that_was_written_without_anyone_knowing_is_not_written_twice(
    pool: AsyncConnectionPool, database: str
) -> None:
    log = PostgresAuditLog(pool)
    for _ in range(3):
        log.note(RUN_42)
    rename(database, "audit_log_days", "away")
    with pytest.raises(psycopg.Error):
        await log.flush()
    rename(database, "away", "audit_log_days")
    kept_ids, kept_calls = log._ids, log._noted.copy()
    await log.flush()
    log._ids, log._noted = kept_ids, kept_calls  # as if the acknowledgement had been lost
    log.note(call(request_id="later"))
    assert await requests(log) == ["later", "request-1", "request-1", "request-1"]


async def test_while_the_database_is_away_only_so_many_are_kept_and_the_rest_is_told(
    pool: AsyncConnectionPool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_NOTED", 10)
    log = PostgresAuditLog(pool)
    rename(database, "audit_log", "away")
    with capture_logs() as lines:
        async with log.running():
            for number in range(25):
                log.note(call(request_id=str(number)))
    assert [line["event"] for line in lines] == ["calls_not_written", "calls_dropped"]
    assert (lines[0]["waiting"], lines[1]["count"]) == (10, 15)
    rename(database, "away", "audit_log")
    assert sorted(map(int, await requests(log))) == list(range(10))


async def test_the_number_of_all_calls_is_not_counted_row_by_row(
    pool: AsyncConnectionPool, database: str
) -> None:
    log = PostgresAuditLog(pool)
    for _ in range(5):
        log.note(call(created_at=datetime.now(UTC)))
    await log.flush()
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE audit_log_days SET calls = 1000000")
    assert (await log.find(CallFilter(), page=1, size=1)).total == 1_000_000
    assert (await log.find(CallFilter(method="PATCH"), page=1, size=1)).total == 5

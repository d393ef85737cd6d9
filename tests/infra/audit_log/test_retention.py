"""Calls are kept as long as is said, and no longer."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from application.audit_log import CallFilter
from infra.audit_log import retention as module
from infra.audit_log.log import PostgresAuditLog
from infra.audit_log.retention import delete_calls
from tests.infra.audit_log.calling import RUN_42, call

pytestmark = pytest.mark.anyio

NOW = RUN_42.created_at


async def kept(pool: AsyncConnectionPool) -> tuple[list[str], int]:
    found = await PostgresAuditLog(pool).find(CallFilter(), page=1, size=100)
    return [each.request_id for each in found.items], found.total


@pytest.fixture
async def ten_days(pool: AsyncConnectionPool) -> None:
    """Three calls on each of ten days."""
    log = PostgresAuditLog(pool)
    for days in range(10):
        for _ in range(3):
            log.note(call(request_id=str(days), created_at=NOW - timedelta(days=days)))
    await log.flush()


@pytest.mark.usefixtures("ten_days")
async def test_calls_from_before_a_moment_are_deleted_batch_by_batch(
    pool: AsyncConnectionPool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 4)
    assert await delete_calls(pool, before=NOW - timedelta(days=2)) == 21
    assert await kept(pool) == (["0"] * 3 + ["1"] * 3 + ["2"] * 3, 9)
    assert await delete_calls(pool, before=NOW - timedelta(days=2)) == 0
    with psycopg.connect(database) as connection:
        days = connection.execute("SELECT count(*) FROM audit_log_days").fetchone()
    assert days == (3,)


@pytest.mark.usefixtures("ten_days")
async def test_several_may_delete_at_once_while_calls_are_noted(
    pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    log = PostgresAuditLog(pool)
    for _ in range(5):
        log.note(call(request_id="new"))
    before = NOW - timedelta(hours=1)
    *deleted, _ = await asyncio.gather(
        *(delete_calls(pool, before=before) for _ in range(3)), log.flush()
    )
    assert sum(count for count in deleted if count is not None) == 27
    requests, total = await kept(pool)
    assert sorted(requests) == ["0"] * 3 + ["new"] * 5
    assert total == 8

"""A task that runs for ever is ended, though a cancellation be lost."""

import asyncio

import pytest

from infra.cancellation import cancelled_for_good

pytestmark = pytest.mark.anyio


async def test_a_task_that_lost_a_cancellation_is_ended_by_the_next() -> None:
    cancellations: list[str] = []

    async def run_for_ever() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancellations.append("told")
                if len(cancellations) == 2:
                    raise

    task = asyncio.create_task(run_for_ever())
    await asyncio.sleep(0)
    await cancelled_for_good(task, again_after=0.01)

    assert task.cancelled()
    assert cancellations == ["told", "told"]


async def test_a_task_that_ends_in_good_order_is_told_once() -> None:
    told: list[str] = []

    async def run_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("told")
            await asyncio.sleep(0.01)

    task = asyncio.create_task(run_for_ever())
    await asyncio.sleep(0)
    await cancelled_for_good(task, again_after=20)

    assert told == ["told"]


async def test_a_task_that_has_ended_is_left_as_it_is() -> None:
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    await cancelled_for_good(task)
    assert not task.cancelled()

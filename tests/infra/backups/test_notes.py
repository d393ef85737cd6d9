"""Every erasure comes into the ledger, whatever kept it out at first."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from application.errors import ErasureNotNotedError
from infra.backups.ledger import ErasureNotes
from infra.backups.ledger_file import LedgerFile
from infra.postgres.connections import connection_pool
from tests.infra.backups.world import World
from tests.infra.event_store.opening import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def erased(world: World) -> str:
    """An erased subject that is in no ledger, as after a kill behind the commit."""
    [ann] = world.start_runs("Ann Example")
    world.forget(ann)
    LedgerFile(world.settings.backups).path.unlink()
    return f"run-{ann}"


@pytest.fixture
async def pool(world: World) -> AsyncIterator[AsyncConnectionPool]:
    async with connection_pool(world.url, 2) as pool:
        yield pool


def in_the_way(ledger: LedgerFile) -> Path:
    """Let the ledger be a link, which nobody writes through."""
    ledger.path.symlink_to("/nonexistent")
    return ledger.path


async def test_what_a_killed_process_left_out_is_added_by_the_one_in_its_place(
    world: World, erased: str, pool: AsyncConnectionPool
) -> None:
    ledger = LedgerFile(world.settings.backups)
    async with ErasureNotes(ledger, pool).completing():
        await until(lambda: [one.subject for one in ledger.read()] == [erased])


async def test_what_could_not_be_written_is_tried_again_by_itself(
    world: World, erased: str, pool: AsyncConnectionPool
) -> None:
    ledger = LedgerFile(world.settings.backups)
    notes = ErasureNotes(LedgerFile(world.settings.backups), pool)
    async with notes.completing(again_seconds=0.05):
        await until(lambda: len(ledger.read()) == 1)
        ledger.path.unlink()
        obstacle = in_the_way(ledger)
        with pytest.raises(ErasureNotNotedError):
            await notes.note([erased])
        await asyncio.sleep(0.2)
        obstacle.unlink()
        await until(lambda: [one.subject for one in ledger.read()] == [erased])

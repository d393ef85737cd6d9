"""An erasure is noted outside the database before it is acknowledged; nothing else waits for it."""

import asyncio
from collections.abc import Collection

import pytest

from infra.event_store.assembly import EventStoreParts
from infra.event_store.keys import Keyring
from infra.postgres.connections import connection_pool
from tests.infra.event_store.opening import until
from tests.infra.event_store.relay import Loss, relayed
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio


class Notebook:
    """Notes erasures when it is let."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self.is_open = asyncio.Event()
        self.error: Exception | None = None

    async def note(self, subjects: Collection[str]) -> None:
        self.asked.append(set(subjects))
        await self.is_open.wait()
        if self.error is not None:
            raise self.error


async def forget(parts: EventStoreParts) -> int:
    thing = await parts.store.load(Thing, 1)
    thing.forget()
    return await parts.store.save(thing, metadata=BY_TEST)


async def find_forgotten(parts: EventStoreParts) -> int:
    """Save as a repeated command does, which finds nothing left to be done."""
    return await parts.store.save(await parts.store.load(Thing, 1), metadata=BY_TEST)


async def test_an_erasure_is_acknowledged_once_it_is_noted_and_others_do_not_wait(
    conninfo: str, ring: Keyring
) -> None:
    notebook = Notebook()
    async with connection_pool(conninfo, 4) as pool:
        parts = EventStoreParts(conninfo, pool, ring, lambda _: None, on_erased=notebook.note)
        async with parts.running():
            await parts.store.save(Thing.make(1, owner="Ann"), metadata=BY_TEST)
            forgetting = asyncio.create_task(forget(parts))
            await until(lambda: notebook.asked == [{"thing-1"}])
            await parts.store.save(Thing.make(2, owner="Bob"), metadata=BY_TEST)
            assert not forgetting.done()
            notebook.is_open.set()
            assert await forgetting == 2


async def test_an_erasure_that_cannot_be_noted_is_not_acknowledged(
    conninfo: str, ring: Keyring
) -> None:
    notebook = Notebook()
    notebook.is_open.set()
    notebook.error = OSError("no space left")
    async with connection_pool(conninfo, 4) as pool:
        parts = EventStoreParts(conninfo, pool, ring, lambda _: None, on_erased=notebook.note)
        async with parts.running():
            await parts.store.save(Thing.make(1, owner="Ann"), metadata=BY_TEST)
            with pytest.raises(OSError, match="no space left"):
                await forget(parts)
            await parts.store.save(Thing.make(2, owner="Bob"), metadata=BY_TEST)


async def test_an_erasure_that_could_not_be_noted_is_not_acknowledged_the_second_time_either(
    conninfo: str, ring: Keyring
) -> None:
    notebook = Notebook()
    notebook.is_open.set()
    notebook.error = OSError("no space left")
    async with connection_pool(conninfo, 4) as pool:
        parts = EventStoreParts(conninfo, pool, ring, lambda _: None, on_erased=notebook.note)
        async with parts.running():
            await parts.store.save(Thing.make(1, owner="Ann"), metadata=BY_TEST)
            with pytest.raises(OSError, match="no space left"):
                await forget(parts)
            with pytest.raises(OSError, match="no space left"):
                await find_forgotten(parts)
            notebook.error = None
            assert await find_forgotten(parts) == 2
    assert notebook.asked == [{"thing-1"}] * 3


async def test_an_erasure_whose_commit_was_acknowledged_into_the_void_is_noted_as_well(
    conninfo: str, ring: Keyring
) -> None:
    notebook = Notebook()
    notebook.is_open.set()
    async with relayed(conninfo) as relay, connection_pool(conninfo, 4) as pool:
        parts = EventStoreParts(relay.conninfo, pool, ring, lambda _: None, on_erased=notebook.note)
        async with parts.running():
            await parts.store.save(Thing.make(1, owner="Ann"), metadata=BY_TEST)
            relay.losses.append(Loss.AFTER_COMMIT)
            assert await forget(parts) == 2
    assert notebook.asked == [{"thing-1"}]


async def test_a_store_that_closes_waits_for_what_is_being_noted(
    conninfo: str, ring: Keyring
) -> None:
    notebook = Notebook()
    async with connection_pool(conninfo, 4) as pool:
        parts = EventStoreParts(conninfo, pool, ring, lambda _: None, on_erased=notebook.note)
        async with parts.running():
            await parts.store.save(Thing.make(1, owner="Ann"), metadata=BY_TEST)
            forgetting = asyncio.create_task(forget(parts))
            await until(lambda: notebook.asked == [{"thing-1"}])
            asyncio.get_running_loop().call_later(0.05, notebook.is_open.set)
        assert await forgetting == 2

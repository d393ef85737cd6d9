"""The live log: read once for all who listen, each event once and in order, within bounds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import psycopg
import pytest

import application.live
from application.live import Listener, LiveLog, Seats, TooManyListenersError
from application.tailing import Entry, EventFilter, UnreadableEvent, shown
from infra.event_store.assembly import EventStoreParts
from infra.event_store.tail import PostgresEventTail
from infra.postgres.connections import connector
from infra.postgres.signals import Signals
from tests.infra.event_store.opening import PATIENCE, tampered, until
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio

ALL = EventFilter()
NOBODY = "user-nobody"


class Told:
    """What is told of an event; there is one for all."""

    def __init__(self, entry: Entry) -> None:
        self.position = entry.position
        self.text = str(shown(entry))


@pytest.fixture
async def tail(log: EventStoreParts, conninfo: str) -> AsyncIterator[PostgresEventTail]:
    signals = Signals(connector(conninfo, "signals"))
    async with signals.running():
        yield PostgresEventTail(log.reader, log.observer, signals)


@pytest.fixture
async def live(tail: PostgresEventTail) -> AsyncIterator[LiveLog[Told]]:
    failures: list[Exception] = []
    live = LiveLog(tail, Told, on_failure=failures.append)
    async with live.running():
        yield live
    assert failures == []


async def note(log: EventStoreParts, key: int, *notes: str, owner: str | None = None) -> Thing:
    thing = Thing.make(key, owner=owner)
    for text in notes:
        thing.note(text)
    await log.store.save(thing, metadata=BY_TEST)
    return thing


async def taken(listener: Listener[Told], count: int) -> Sequence[Told]:
    """Take until there are so many."""
    told: list[Told] = []
    async with asyncio.timeout(PATIENCE):
        while len(told) < count:
            told += await listener.take(1)
    return told


async def begun(live: LiveLog[Told]) -> None:
    await until(lambda: live.reaches_back_to(2**60))


async def test_all_who_listen_are_told_the_same_once_and_in_order(
    log: EventStoreParts, live: LiveLog[Told]
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        listeners = [
            await stack.enter_async_context(live.listening(ALL, None, by=NOBODY)) for _ in range(20)
        ]
        await begun(live)
        await asyncio.gather(*(note(log, key, "one", "two") for key in range(30)))

        told = await asyncio.gather(*(taken(listener, 90) for listener in listeners))

        assert [one.position for one in told[0]] == list(range(1, 91))
        assert all(other == told[0] for other in told)  # the same objects
        assert {listener.position for listener in listeners} == {90}
        assert await listeners[0].take(0.05) == []


async def test_who_was_away_takes_from_the_log_what_was_missed(
    log: EventStoreParts, live: LiveLog[Told]
) -> None:
    await note(log, 1, *map(str, range(700)))
    async with live.listening(ALL, 5, by=NOBODY) as listener:
        missed = await taken(listener, 696)
        await note(log, 2)
        [latest] = await taken(listener, 1)

    assert [one.position for one in [*missed, latest]] == list(range(6, 703))


async def test_what_is_recorded_before_the_log_is_followed_is_told_at_once(
    log: EventStoreParts, tail: PostgresEventTail, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, allowed = tail.head, asyncio.Event()

    async def late() -> int:
        await allowed.wait()
        return await head()

    monkeypatch.setattr(tail, "head", late)
    failures: list[Exception] = []
    live = LiveLog(tail, Told, on_failure=failures.append)
    async with live.running(), live.listening(ALL, 0, by=NOBODY) as listener:
        waiting = asyncio.create_task(listener.take(10 * PATIENCE))
        await asyncio.sleep(0.2)  # it has found nothing, and waits
        await note(log, 1)
        allowed.set()
        async with asyncio.timeout(PATIENCE):
            told = await waiting or await listener.take(PATIENCE)

    assert failures == []
    assert [one.position for one in told] == [1]


async def test_who_wants_to_goes_back_while_waiting(
    log: EventStoreParts, live: LiveLog[Told]
) -> None:
    await note(log, 1, "one", "two")
    async with live.listening(ALL, None, by=NOBODY) as listener:
        await begun(live)
        waiting = asyncio.create_task(taken(listener, 2))
        await asyncio.sleep(0.05)
        listener.go_to(1)
        assert [one.position for one in await waiting] == [2, 3]


async def test_only_what_is_wanted_is_told_and_the_position_moves_over_the_rest(
    log: EventStoreParts, live: LiveLog[Told]
) -> None:
    wanted = EventFilter(types=["ThingNoted"], category="thing", actor="tester")
    async with live.listening(wanted, 0, by=NOBODY) as early:
        await begun(live)
        await note(log, 1, "one")
        await note(log, 2)
        assert [one.position for one in await taken(early, 1)] == [2]
        await until_at(early, 3)
    async with live.listening(wanted, 0, by=NOBODY) as late:
        assert [one.position for one in await taken(late, 1)] == [2]
        await until_at(late, 3)


async def until_at(listener: Listener[Told], position: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while listener.position < position:
            assert await listener.take(1) == []


async def test_what_was_erased_is_told_to_nobody_who_has_not_taken_it_yet(
    log: EventStoreParts, live: LiveLog[Told]
) -> None:
    async with (
        live.listening(ALL, None, by=NOBODY) as quick,
        live.listening(ALL, None, by=NOBODY) as slow,
    ):
        await begun(live)
        thing = await note(log, 1, owner="Ann Example")
        [seen] = await taken(quick, 1)
        thing.forget()
        await log.store.save(thing, metadata=BY_TEST)
        await taken(quick, 1)

        made, _ = await taken(slow, 2)

    assert "Ann Example" in seen.text
    assert "Ann Example" not in made.text
    assert "[REDACTED]" in made.text


async def test_no_more_is_kept_than_there_is_room_for(
    log: EventStoreParts, live: LiveLog[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application.live, "KEPT_EVENTS", 10)
    monkeypatch.setattr(application.live, "KEPT_BYTES", 20_000)
    async with live.listening(ALL, 0, by=NOBODY) as listener:
        await begun(live)
        await note(log, 1, *map(str, range(30)))
        await until(lambda: not live.reaches_back_to(20) and live.reaches_back_to(21))
        await note(log, 2, "x" * 25_000)
        await until(lambda: not live.reaches_back_to(31) and live.reaches_back_to(32))
        assert [one.position for one in await taken(listener, 33)] == list(range(1, 34))


async def test_an_event_that_cannot_be_read_keeps_nobody_from_the_others(
    log: EventStoreParts, live: LiveLog[Told], conninfo: str
) -> None:
    await note(log, 1, "one", "two")
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as sql:
        broken = "UPDATE events SET state = '{' WHERE notification_id = 2"
        await tampered(sql, broken)
    async with live.listening(ALL, 0, by=NOBODY) as listener:
        told = await taken(listener, 3)
    assert [one.position for one in told] == [1, 2, 3]
    assert "CorruptEventError" in told[1].text


async def test_one_who_listens_hears_of_changes_to_themselves(
    log: EventStoreParts, live: LiveLog[Told]
) -> None:
    async with live.listening(ALL, None, by="thing-2") as listener:
        await begun(live)
        await note(log, 1)
        await taken(listener, 1)
        assert not listener.has_changed
        await note(log, 2)
        await taken(listener, 1)
        assert listener.has_changed


async def test_an_extract_ends_where_it_gets_too_large(
    log: EventStoreParts, tail: PostgresEventTail, monkeypatch: pytest.MonkeyPatch
) -> None:
    await note(log, 1, *("x" * 1000 for _ in range(9)))
    monkeypatch.setattr("infra.event_store.tail.MAX_BYTES", 2500)

    cut = await tail.extract(1, 100, ALL)
    alone = await tail.extract(1, 1, ALL)
    monkeypatch.setattr("infra.event_store.tail.MAX_BYTES", 1)
    first = await tail.extract(5, 100, ALL)

    assert ([entry.position for entry in cut.entries], cut.position) == ([2, 3, 4], 4)
    assert ([entry.position for entry in alone.entries], alone.position) == ([2], 2)
    assert ([entry.position for entry in first.entries], first.head) == ([6], 10)
    assert not isinstance(first.entries[0], UnreadableEvent)


async def test_who_waits_for_the_log_to_grow_hears_of_it_from_any_process(
    elsewhere: EventStoreParts, tail: PostgresEventTail
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting = asyncio.create_task(tail.grown(0, 10))
    await asyncio.sleep(0.1)
    await note(elsewhere, 1)
    assert await waiting == 1
    assert loop.time() - began < 5
    assert await tail.grown(1, 0.1) == 1


def test_there_are_only_so_many_seats_and_only_some_for_one() -> None:
    seats = Seats(total=3, of_one=2)
    with contextlib.ExitStack() as stack:
        stack.enter_context(seats.seat("a"))
        with seats.seat("a"), pytest.raises(TooManyListenersError):
            stack.enter_context(seats.seat("a"))
        stack.enter_context(seats.seat("a"))
        stack.enter_context(seats.seat("b"))
        with pytest.raises(TooManyListenersError) as refused:
            stack.enter_context(seats.seat("c"))
        assert (str(refused.value)[:8], refused.value.retry_after) == ("Too many", 10)
    assert seats.taken == 0

"""Reading: one stream, to a version or a moment; the log, by type and category."""

from datetime import datetime, timedelta

import pytest

from application.errors import NotFoundError
from infra.event_store.assembly import EventStoreParts
from tests.infra.event_store.thing import BY_TEST, LongThing, Thing

pytestmark = pytest.mark.anyio


async def test_a_stream_folds_to_its_aggregate(log: EventStoreParts) -> None:
    thing = Thing.make(1, "a chair", owner="Ann")
    thing.note("wobbly")
    thing.measure(890)
    await log.store.save(thing, metadata=BY_TEST)

    loaded = await log.store.load(Thing, 1)

    assert (loaded.id, loaded.version, loaded.state) == ("thing-1", 3, thing.state)


async def test_what_was_never_recorded_is_not_found(log: EventStoreParts) -> None:
    with pytest.raises(NotFoundError, match="Thing 1 not found"):
        await log.store.load(Thing, 1)
    with pytest.raises(NotFoundError, match="Stream thing-1 not found"):
        await log.store.history("thing-1")
    with pytest.raises(NotFoundError):
        await log.store.load_as_of("thing-1", version=1)


async def test_a_stream_is_read_as_it_was_at_a_version(log: EventStoreParts) -> None:
    await _noted(log, "one", "two", "three")

    then = await log.store.load_as_of("thing-1", version=3)

    assert isinstance(then, Thing)
    assert (then.version, then.state.notes) == (3, ["one", "two"])


async def test_a_stream_is_read_as_it_was_at_a_moment(log: EventStoreParts) -> None:
    await _noted(log, "one", "two", "three")
    moments = [event.recorded_at for event in await log.store.history("thing-1")]

    assert await _notes_at(log, moments[2]) == ["one", "two"]
    assert await _notes_at(log, moments[2] - timedelta(microseconds=1)) == ["one"]
    assert await _notes_at(log, moments[3] + timedelta(days=1)) == ["one", "two", "three"]
    with pytest.raises(NotFoundError):
        await _notes_at(log, moments[0] - timedelta(microseconds=1))


async def test_the_log_is_read_in_pages_from_a_position_to_its_end(log: EventStoreParts) -> None:
    await _noted(log, "one", "two", "three", "four", "five")

    pages = [page async for page in log.reader.after(1, size=2)]

    assert [[e.position for e in page.events] for page in pages] == [[2, 3], [4, 5], [6]]
    assert [(page.position, page.head) for page in pages] == [(3, 6), (5, 6), (6, 6)]


async def test_the_end_of_the_log_is_an_empty_page(log: EventStoreParts) -> None:
    await _noted(log, "one")

    page = await log.reader.page(2, 10)

    assert (page.events, page.position, page.head) == ([], 2, 2)


async def test_the_log_is_read_by_type_and_the_position_moves_over_the_others(
    log: EventStoreParts,
) -> None:
    await _noted(log, "one", "two", "three")
    await log.store.save(Thing.make(2), metadata=BY_TEST)

    pages = [page async for page in log.reader.after(0, size=2, types=["ThingMade"])]

    assert [[e.position for e in page.events] for page in pages] == [[1], [], [5]]
    assert [page.position for page in pages] == [2, 4, 5]


async def test_the_log_is_read_by_category(log: EventStoreParts) -> None:
    long, thing = LongThing.make("thing-1"), Thing.make("long_thing-1")
    thing.note("so as not to be taken for a long one")
    await log.store.save(long, thing, metadata=BY_TEST)

    page = await log.reader.page(0, 10, categories=["long_thing"])
    both = await log.reader.page(0, 10, categories=["long_thing", "thing"], types=["ThingNoted"])

    assert [event.stream_id for event in page.events] == ["long_thing-thing-1"]
    assert page.position == 3
    assert [event.stream_id for event in both.events] == ["thing-long_thing-1"]


async def test_an_event_is_read_with_its_place_and_time(log: EventStoreParts) -> None:
    thing = Thing.make(1)
    thing.note("one")
    await log.store.save(thing, metadata=BY_TEST)

    made, noted = await log.store.history("thing-1")

    assert (made.position, made.stream_id, made.version, made.topic) == (
        1,
        "thing-1",
        1,
        "ThingMade",
    )
    assert (noted.position, noted.version, noted.topic) == (2, 2, "ThingNoted")
    assert made.recorded_at == noted.recorded_at
    assert made.recorded_at >= made.event.timestamp
    assert made.recorded_at.utcoffset() == timedelta(0)
    assert made.event_id != noted.event_id


async def _noted(log: EventStoreParts, *notes: str) -> None:
    """Make a thing and note something of it, each in a commit of its own."""
    await log.store.save(Thing.make(1), metadata=BY_TEST)
    for note in notes:
        thing = await log.store.load(Thing, 1)
        thing.note(note)
        await log.store.save(thing, metadata=BY_TEST)


async def _notes_at(log: EventStoreParts, moment: datetime) -> list[str]:
    thing = await log.store.load_as_of("thing-1", at=moment)
    assert isinstance(thing, Thing)
    return thing.state.notes

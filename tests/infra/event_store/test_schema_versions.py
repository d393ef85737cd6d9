"""Events outlive the code that wrote them: older versions are upcast, stranger ones named."""

import psycopg
import pytest

from infra.event_store.assembly import EventStoreParts
from infra.event_store.errors import CorruptEventError
from infra.event_store.reader import Unreadable
from tests.infra.event_store.opening import rows, tampered
from tests.infra.event_store.thing import BY_TEST, Thing, ThingMeasured

pytestmark = pytest.mark.anyio

REWRITE = """
UPDATE events
SET schema_version = %s, state = convert_to(%s, 'UTF8')
WHERE topic = 'ThingMeasured'
"""


@pytest.fixture
async def measured(log: EventStoreParts) -> EventStoreParts:
    thing = Thing.make(1)
    thing.measure(120)
    await log.store.save(thing, metadata=BY_TEST)
    return log


async def test_an_event_is_stored_under_its_name_and_schema_version(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = Thing.make(1)
    thing.measure(120)
    await log.store.save(thing, metadata=BY_TEST)

    assert await rows(sql, "SELECT topic, schema_version FROM events ORDER BY 1") == [
        ("ThingMade", 1),
        ("ThingMeasured", 3),
    ]
    assert await rows(
        sql, "SELECT payload ->> 'millimetres' FROM event_log WHERE type = 'ThingMeasured'"
    ) == [("120",)]


@pytest.mark.parametrize(
    ("version", "state"),
    [
        (1, '{"timestamp": "2020-01-01T00:00:00Z", "centimetres": 25}'),
        (2, '{"timestamp": "2020-01-01T00:00:00Z", "length": 25, "unit": "cm"}'),
        (2, '{"timestamp": "2020-01-01T00:00:00Z", "length": 250, "unit": "mm"}'),
        (3, '{"timestamp": "2020-01-01T00:00:00Z", "millimetres": 250}'),
    ],
)
async def test_an_event_of_any_older_version_is_upcast_to_the_newest(
    measured: EventStoreParts, sql: psycopg.AsyncConnection, version: int, state: str
) -> None:
    await tampered(sql, REWRITE, version, state)

    event = (await measured.store.history("thing-1"))[1].event

    assert isinstance(event, ThingMeasured)
    assert event.millimetres == 250
    assert (await measured.store.load(Thing, 1)).state.millimetres == 250


@pytest.mark.parametrize(
    ("version", "state", "reason"),
    [
        (4, '{"timestamp": "2020-01-01T00:00:00Z", "millimetres": 250}', "schema version 4"),
        (3, '{"timestamp": "2020-01-01T00:00:00Z"}', "millimetres"),
        (3, '{"timestamp": "2020-01-01T00:00:00Z", "millimetres": "x"}', "millimetres"),
        (3, "[]", "list"),
        (3, "{", "truncated"),
        (2, '{"timestamp": "2020-01-01T00:00:00Z", "length": 1, "unit": "ell"}', "ell"),
    ],
)
async def test_an_event_that_does_not_fit_its_type_is_named(
    measured: EventStoreParts, sql: psycopg.AsyncConnection, version: int, state: str, reason: str
) -> None:
    await tampered(sql, REWRITE, version, state)

    with pytest.raises(CorruptEventError, match=r"event 2 \(ThingMeasured in thing-1\)") as error:
        await measured.store.history("thing-1")
    assert reason in str(error.value)


@pytest.mark.parametrize("topic", ["ThingSmashed", "Thing", "json", "os:system", ""])
async def test_an_event_of_a_type_that_is_not_known_is_named(
    measured: EventStoreParts, sql: psycopg.AsyncConnection, topic: str
) -> None:
    await tampered(sql, "UPDATE events SET topic = %s WHERE notification_id = 2", topic)

    with pytest.raises(CorruptEventError, match=r"event 2 .*no such type of event"):
        await measured.store.history("thing-1")


async def test_an_event_that_cannot_be_read_does_not_hide_those_behind_it(
    measured: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await measured.store.save(Thing.make(2), metadata=BY_TEST)
    await tampered(sql, REWRITE, 3, "{}")

    page = await measured.reader.page(0, 10)

    assert [entry.position for entry in page.entries] == [1, 2, 3]
    assert [isinstance(entry, Unreadable) for entry in page.entries] == [False, True, False]
    with pytest.raises(CorruptEventError, match="event 2"):
        assert page.events == []

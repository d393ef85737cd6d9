"""The log can be read by the eventsourcing library's own PostgreSQL recorder, as it comes."""

from collections.abc import Iterator

import msgspec
import pytest
from eventsourcing.application import LocalNotificationLog
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from infra.event_store.assembly import EventStoreParts
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio


@pytest.fixture
def recorder(conninfo: str) -> Iterator[PostgresApplicationRecorder]:
    parts = conninfo_to_dict(conninfo)
    datastore = PostgresDatastore(
        dbname=str(parts["dbname"]),
        host=str(parts["host"]),
        port=str(parts.get("port", 5432)),
        user=str(parts["user"]),
        password="",
        originator_id_type="text",
    )
    with datastore:
        yield PostgresApplicationRecorder(datastore, events_table_name="events")


@pytest.fixture
async def written(log: EventStoreParts) -> EventStoreParts:
    """Four things with three events each."""
    for n in range(4):
        thing = Thing.make(n, "a chair", owner="Ann")
        thing.note("wobbly")
        thing.measure(890)
        await log.store.save(thing, metadata=BY_TEST)
    return log


async def test_it_reads_a_stream(
    written: EventStoreParts, recorder: PostgresApplicationRecorder
) -> None:
    stored = recorder.select_events("thing-2")

    ours = await written.store.history("thing-2")
    assert [(e.originator_id, e.originator_version, e.topic) for e in stored] == [
        (event.stream_id, event.version, event.topic) for event in ours
    ]
    assert msgspec.json.decode(stored[0].state)["label"] == "a chair"
    assert b"Ann" not in stored[0].state


async def test_it_reads_part_of_a_stream_and_the_last_event_of_it(
    written: EventStoreParts, recorder: PostgresApplicationRecorder
) -> None:
    assert len(await written.store.history("thing-2")) == 3

    assert [e.originator_version for e in recorder.select_events("thing-2", gt=1)] == [2, 3]
    assert [e.originator_version for e in recorder.select_events("thing-2", lte=2)] == [1, 2]
    [last] = recorder.select_events("thing-2", desc=True, limit=1)
    assert last.topic == "ThingMeasured"


async def test_it_reads_the_notifications_in_our_order(
    written: EventStoreParts, recorder: PostgresApplicationRecorder
) -> None:
    notifications = recorder.select_notifications(start=1, limit=100)

    page = await written.reader.page(0, 100)
    assert [(n.id, n.originator_id, n.originator_version) for n in notifications] == [
        (event.position, event.stream_id, event.version) for event in page.events
    ]
    assert recorder.max_notification_id() == page.head == 12


async def test_it_reads_the_notifications_of_some_types(
    written: EventStoreParts, recorder: PostgresApplicationRecorder
) -> None:
    notifications = recorder.select_notifications(start=4, limit=2, topics=["ThingNoted"])

    page = await written.reader.page(3, 100, types=["ThingNoted"])
    assert [n.id for n in notifications] == [event.position for event in page.events][:2]


async def test_its_notification_log_pages_through_ours(
    written: EventStoreParts, recorder: PostgresApplicationRecorder
) -> None:
    notification_log = LocalNotificationLog(recorder, section_size=5)

    seen: list[int] = []
    section_ids: list[str | None] = []
    next_id = "1,5"
    while next_id:
        section = notification_log[next_id]
        section_ids.append(section.id)
        seen.extend(n.id for n in section.items)
        next_id = section.next_id or ""

    assert section_ids == ["1,5", "6,10", "11,12"]
    assert seen == [event.position for event in (await written.reader.page(0, 100)).events]

"""Personal data leaves an event's payload for a ciphertext under its subject's data key."""

from typing import Literal

import msgspec
import psycopg
import pytest

from domain.events import DomainEvent
from infra.event_store.assembly import EventStoreParts
from infra.event_store.errors import CorruptEventError, MasterKeyError
from infra.event_store.keys import Keyring
from tests.infra.event_store.opening import opened, rows, tampered
from tests.infra.event_store.thing import BY_TEST, Thing

pytestmark = pytest.mark.anyio

OWNER = "Ann Example"


class ThingUnowned(DomainEvent, frozen=True, kw_only=True):
    """A type that complains of the value of a field that is personal elsewhere."""

    TOPIC = "ThingUnowned"

    owner: Literal["nobody"]


SWAP = """
UPDATE events AS e
SET protected = other.protected
FROM events AS other
WHERE e.notification_id IN (1, 2)
  AND other.notification_id IN (1, 2)
  AND e.notification_id <> other.notification_id
"""


async def test_a_protected_value_is_in_no_column_and_is_read_all_the_same(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1, "a chair", owner=OWNER), metadata=BY_TEST)

    [(state, protected, everything)] = await rows(
        sql, "SELECT convert_from(state, 'UTF8'), protected, events::text FROM events"
    )

    assert isinstance(state, str)
    assert isinstance(protected, bytes)
    assert msgspec.json.decode(state)["owner"] == "[REDACTED]"
    assert msgspec.json.decode(state)["label"] == "a chair"
    assert "Ann" not in str(everything)
    assert b"Ann" not in protected
    assert (await log.store.load(Thing, 1)).state.owner == OWNER


async def test_an_event_without_protected_values_needs_no_key(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1), metadata=BY_TEST)

    assert await rows(sql, "SELECT subject, protected FROM events") == [(None, None)]
    assert await rows(sql, "SELECT * FROM subject_keys") == []


async def test_every_event_of_a_subject_is_under_one_key(
    log: EventStoreParts, elsewhere: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), metadata=BY_TEST)
    thing = await elsewhere.store.load(Thing, 1)
    thing.give("Bob")
    thing.lend("person-7", "Cid")
    await elsewhere.store.save(thing, metadata=BY_TEST)

    assert await rows(sql, "SELECT subject FROM subject_keys ORDER BY 1") == [
        ("person-7",),
        ("thing-1",),
    ]
    state = (await log.store.load(Thing, 1)).state
    assert (state.owner, state.borrowers) == ("Bob", ["Cid"])


async def test_the_same_value_is_never_the_same_ciphertext(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = Thing.make(1, owner=OWNER)
    thing.give(OWNER)
    thing.give(OWNER)
    await log.store.save(thing, metadata=BY_TEST)

    # Not even but for the tag at its end, which also depends on the version.
    ciphertexts = "SELECT substr(protected, 1, length(protected) - 16) FROM events"
    assert len(set(await rows(sql, ciphertexts))) == 3


async def test_a_ciphertext_is_bound_to_its_version(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    thing = Thing.make(1, owner=OWNER)
    thing.give("Bob")
    await log.store.save(thing, metadata=BY_TEST)
    await tampered(sql, SWAP)

    with pytest.raises(CorruptEventError, match=r"event 1 .* ciphertext is damaged"):
        await log.store.load(Thing, 1)


async def test_a_ciphertext_is_bound_to_its_stream(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), Thing.make(2, owner="Bob"), metadata=BY_TEST)
    # With their keys swapped too, only the binding to the stream tells them apart.
    await tampered(sql, SWAP)
    await tampered(
        sql,
        "UPDATE events SET subject = CASE subject WHEN 'thing-1' THEN 'thing-2' ELSE 'thing-1' END",
    )

    for key in (1, 2):
        with pytest.raises(CorruptEventError, match="ciphertext is damaged"):
            await log.store.load(Thing, key)


@pytest.mark.parametrize("ciphertext", [b"", b"short", bytes(12), bytes(64)])
async def test_a_damaged_ciphertext_is_named(
    log: EventStoreParts, sql: psycopg.AsyncConnection, ciphertext: bytes
) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), metadata=BY_TEST)
    await tampered(sql, "UPDATE events SET protected = %s", ciphertext)

    with pytest.raises(CorruptEventError, match=r"event 1 .* ciphertext is damaged"):
        await log.store.history("thing-1")


async def test_a_data_key_is_bound_to_its_subject(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), Thing.make(2, owner="Bob"), metadata=BY_TEST)
    await sql.execute("DELETE FROM subject_keys WHERE subject = 'thing-2'")
    await sql.execute("UPDATE subject_keys SET subject = 'thing-2'")

    with pytest.raises(CorruptEventError, match=r"event 2 .* data key is damaged"):
        await log.store.history("thing-2")


async def test_what_was_deciphered_does_not_come_out_with_an_error(
    log: EventStoreParts, sql: psycopg.AsyncConnection
) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), metadata=BY_TEST)
    await tampered(sql, "UPDATE events SET topic = 'ThingUnowned'")

    with pytest.raises(CorruptEventError) as error:
        await log.store.history("thing-1")

    assert "event 1" in str(error.value)
    assert "Ann" not in str(error.value)


async def test_without_the_master_key_an_event_is_not_called_corrupt(
    log: EventStoreParts, conninfo: str
) -> None:
    await log.store.save(Thing.make(1, owner=OWNER), metadata=BY_TEST)

    async with opened(conninfo, Keyring(lambda: [bytes(32)])) as stranger:
        with pytest.raises(MasterKeyError, match="not at hand"):
            await stranger.store.history("thing-1")

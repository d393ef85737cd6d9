"""What is known of an erased subject before its traces are looked for: the events it is in."""

from collections.abc import Iterator
from typing import Any

import msgspec
from psycopg import AsyncConnection

from application.erasures.ports import ErasedEvents, Erasure, Leftover
from domain.events import DomainEvent, Recorded
from domain.personal import REDACTED, protected_fields
from infra.event_store.codec import decode
from infra.event_store.errors import CorruptEventError
from infra.event_store.keys import Keyring
from infra.event_store.reader import stored_records
from infra.event_store.record import StoredRecord

# The subject's own stream, those that hold data under its key, and that of the redaction event.
STREAMS = """
SELECT %(subject)s
UNION
SELECT originator_id FROM events WHERE subject = %(subject)s AND subject <> originator_id
UNION
SELECT originator_id FROM events WHERE notification_id = %(position)s
"""


class Traces(msgspec.Struct, kw_only=True):
    """The events of all streams that an erased subject is in, read as if its key were gone.

    ``holding`` names those of the streams that hold data under the key.
    """

    erasure: Erasure
    events: list[Recorded[DomainEvent]]
    holding: set[str]
    erased: list[ErasedEvents]
    leftovers: list[Leftover]

    @property
    def streams(self) -> set[str]:
        """The streams that the events are of."""
        return {recorded.stream_id for recorded in self.events}


async def read_traces(connection: AsyncConnection, erasure: Erasure, keyring: Keyring) -> Traces:
    """Read the events of a subject, and note where they tell more than they may."""
    arguments = {"subject": erasure.subject, "position": erasure.position}
    streams = [row[0] for row in await (await connection.execute(STREAMS, arguments)).fetchall()]
    traces = Traces(erasure=erasure, events=[], holding=set(), erased=[], leftovers=[])
    counts: dict[str, tuple[set[str], int]] = {}
    async for record in stored_records(connection, streams):
        is_own = record.subject == erasure.subject
        if is_own:
            traces.holding.add(record.stream_id)
        try:
            recorded = decode(_without_key(record) if is_own else record, keyring)
        except CorruptEventError:
            traces.leftovers.append(_at(record, "cannot be read"))
            continue
        traces.events.append(recorded)
        if is_own or recorded.event.subject == erasure.subject:
            traces.leftovers += _told_too_much(record, recorded.event)
        if is_own and record.protected is not None:
            fields, events = counts.get(record.topic, (set(), 0))
            counts[record.topic] = (fields | set(_redacted(recorded.event)), events + 1)
    traces.erased = [
        ErasedEvents(event_type=topic, fields=sorted(fields), events=events)
        for topic, (fields, events) in sorted(counts.items())
    ]
    return traces


def _without_key(record: StoredRecord) -> StoredRecord:
    return msgspec.structs.replace(record, wrapped_key=None, master_key_id=None)


def _told_too_much(record: StoredRecord, event: DomainEvent) -> Iterator[Leftover]:
    for name in protected_fields(type(event)):
        if not _is_silent(getattr(event, name)):
            yield _at(record, f"has a value in {name}")
    if record.protected is not None and _is_clear_text(record.protected):
        yield _at(record, "has protected data that is not encrypted")


def _is_silent(value: Any) -> bool:
    if isinstance(value, dict):
        return all(item == REDACTED for item in value.values())
    return value in (None, "", REDACTED)


def _redacted(event: DomainEvent) -> Iterator[str]:
    for name in protected_fields(type(event)):
        if getattr(event, name) not in (None, {}, ""):
            yield name


def _is_clear_text(protected: bytes) -> bool:
    try:
        msgspec.json.decode(protected)
    except msgspec.MsgspecError:
        return False
    return True


def _at(record: StoredRecord, problem: str) -> Leftover:
    return Leftover(where="events", problem=f"event {record.position} ({record.topic}) {problem}")

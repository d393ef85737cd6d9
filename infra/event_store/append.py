"""What one command hands to the committer: its events, and what must still hold for them."""

import asyncio
from datetime import datetime

import msgspec

from infra.event_store.keys import SubjectKey
from infra.event_store.record import EventRecord


class Committed(msgspec.Struct, frozen=True):
    """Where a command's events stand in the log: the position of the last, and when."""

    position: int
    recorded_at: datetime


class AppendedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim, and the stream with its version that it is to lead to."""

    id: bytes
    fingerprint: bytes
    stream_id: str
    version: int


class Append(msgspec.Struct, eq=False):
    """The events of one command, recorded all or not at all.

    ``expected`` gives for each stream the version that its first event follows; ``unmoved`` names
    streams that were only read, with the version that they must still have. ``keys`` are the data
    keys that the ciphertexts were made with; ``erased`` the subjects whose keys are destroyed, each
    with the record that does it. A command without events is here for its ``claim``.
    """

    records: list[EventRecord]
    expected: dict[str, int]
    unmoved: dict[str, int]
    keys: dict[str, SubjectKey]
    erased: dict[str, EventRecord]
    claim: AppendedClaim | None
    committed: asyncio.Future[Committed]

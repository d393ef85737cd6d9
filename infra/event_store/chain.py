"""The hash chain: each event's hash covers its stored bytes and the hash before it."""

import hashlib
import struct
from datetime import UTC, datetime, timedelta

from infra.event_store.record import EventRecord

GENESIS = bytes(32)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIXED = struct.Struct(">qqqh16s")
_LENGTH = struct.Struct(">i")
_ABSENT = _LENGTH.pack(-1)


def link(previous: bytes, position: int, recorded_at: datetime, record: EventRecord) -> bytes:
    """Hash an event onto the chain: SHA-256 over the previous hash and every stored column.

    Ciphertext is hashed as it is stored, so that the chain still verifies after an erasure.
    """
    microseconds = (recorded_at - _EPOCH) // _MICROSECOND
    parts = [
        previous,
        _FIXED.pack(
            position, record.version, microseconds, record.schema_version, record.event_id.bytes
        ),
    ]
    for value in (
        record.stream_id.encode(),
        record.topic.encode(),
        record.metadata.encode(),
        record.state,
        record.subject.encode() if record.subject is not None else None,
        record.protected,
    ):
        if value is None:
            parts.append(_ABSENT)
        else:
            parts.append(_LENGTH.pack(len(value)))
            parts.append(value)
    return hashlib.sha256(b"".join(parts)).digest()

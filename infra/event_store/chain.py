"""The hash chain: each event's hash covers its stored bytes and the hash before it."""

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from infra.event_store.record import EventRecord

GENESIS = bytes(32)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIXED = struct.Struct(">qqqh16s")
_LENGTH = struct.Struct(">i")
_ABSENT = _LENGTH.pack(-1)

# A row in PostgreSQL's binary format: the number of columns, then each as its length and its bytes.
# The texts and bytes in the middle are there as they are hashed.
_HEADER = struct.Struct(">h xxxx q xxxx q xxxx q xxxx h xxxx 16s")
_HASH_BYTES = 36
_HASH_LENGTH = _LENGTH.pack(32)

# Times count from here in PostgreSQL. Its infinity, and the years that Python does not have, are
# none that Annals could have recorded.
_POSTGRESQL_EPOCH = (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_EARLIEST = (datetime(1, 1, 2, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LATEST = (datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH) // _MICROSECOND


class StoredLink(NamedTuple):
    """A stored event's place, and its hash as it should be; None if its time cannot be hashed.

    ``fits`` tells whether the hash that is stored is that one.
    """

    position: int
    hash: bytes | None
    fits: bool


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


def read_stored(previous: bytes, row: bytes) -> StoredLink:
    """Hash a stored event anew, as link does, and compare.

    The row is in PostgreSQL's binary format, in this order: position, version, recorded time,
    schema version, event id; stream id, topic, metadata, state, subject, protected; hash.
    """
    _, position, version, recorded_at, schema_version, event_id = _HEADER.unpack_from(row)
    microseconds = recorded_at + _POSTGRESQL_EPOCH
    if not _EARLIEST <= microseconds <= _LATEST:
        return StoredLink(position, None, fits=False)
    fixed = _FIXED.pack(position, version, microseconds, schema_version, event_id)
    content = row[_HEADER.size : -_HASH_BYTES]
    hash_ = hashlib.sha256(previous + fixed + content).digest()
    return StoredLink(position, hash_, row[-_HASH_BYTES:] == _HASH_LENGTH + hash_)

"""An event as it is stored: the columns of one row of the log."""

from datetime import datetime
from uuid import UUID

import msgspec


class EventRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An event ready to be appended; the committer adds position, recorded time and hash."""

    stream_id: str
    version: int
    topic: str
    schema_version: int
    event_id: UUID
    metadata: str
    state: bytes
    subject: str | None
    protected: bytes | None


class StoredRecord(EventRecord, frozen=True, kw_only=True):
    """A row of the log, with its subject's wrapped data key where one still exists."""

    position: int
    recorded_at: datetime
    wrapped_key: bytes | None = None
    master_key_id: str | None = None

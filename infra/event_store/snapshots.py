"""Snapshots of long streams: the folded state, encrypted under the stream's own data key."""

from datetime import datetime
from typing import Any

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from psycopg_pool import AsyncConnectionPool

from domain.aggregate import A, Aggregate
from infra.event_store.keys import Keyring, SubjectKey, seal, unseal

log = structlog.get_logger(__name__)

SELECT = """
SELECT s.originator_version, s.topic, s.schema_version, s.subject, s.state,
       k.wrapped_key, k.master_key_id
FROM snapshots AS s
LEFT JOIN subject_keys AS k ON k.subject = s.subject
WHERE s.originator_id = %s
"""

# The key is looked up in the same statement, under a row lock, so that a snapshot cannot come after
# the erasure that should have deleted it. A stream whose personal data is under another key than
# the snapshot, or under a key that is gone, has no snapshot: its state could outlive an erasure.
UPSERT = """
INSERT INTO snapshots (originator_id, originator_version, topic, schema_version, subject, state)
SELECT %(stream_id)s, %(version)s, %(topic)s, %(schema_version)s, %(subject)s, %(state)s
WHERE (
    %(subject)s::text IS NULL
    OR EXISTS (SELECT FROM subject_keys WHERE subject = %(subject)s FOR SHARE)
) AND NOT EXISTS (
    SELECT FROM events
    WHERE originator_id = %(stream_id)s
      AND subject IS NOT NULL
      AND subject IS DISTINCT FROM %(subject)s
)
ON CONFLICT (originator_id) DO UPDATE
SET originator_version = excluded.originator_version,
    topic = excluded.topic,
    schema_version = excluded.schema_version,
    subject = excluded.subject,
    state = excluded.state
WHERE snapshots.originator_version < excluded.originator_version
"""


class Snapshot(msgspec.Struct, frozen=True):
    """What is kept of an aggregate besides its stream and version."""

    created_on: datetime
    modified_on: datetime
    state: msgspec.Raw


class Snapshots:
    """Keeps the latest snapshot of each stream whose aggregate type opted in."""

    def __init__(self, pool: AsyncConnectionPool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    async def latest(self, kind: type[A], stream_id: str) -> A | None:
        """Give the aggregate as of its latest snapshot; None where there is none to be used."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(SELECT, (stream_id,), prepare=True)
            row = await cursor.fetchone()
        if row is None:
            return None
        version, topic, schema_version, subject, state, wrapped_key, master_key_id = row
        if topic != kind.TOPIC or schema_version != kind.SNAPSHOT_VERSION:
            return None
        if subject is not None and wrapped_key is None:
            return None
        try:
            if subject is not None:
                key = self._keyring.unwrap(subject, wrapped_key, master_key_id)
                state = unseal(key.key, state, _context(stream_id, version))
            return _restore(kind, stream_id, version, state)
        except (InvalidTag, msgspec.MsgspecError):
            log.warning("snapshot_damaged", stream_id=stream_id)
            return None

    async def take(self, aggregate: Aggregate, key: SubjectKey | None) -> None:
        """Keep the aggregate's state as it is, unless the key has been destroyed meanwhile."""
        snapshot = Snapshot(
            aggregate.created_on,
            aggregate.modified_on,
            msgspec.Raw(msgspec.json.encode(aggregate.state)),
        )
        state = msgspec.json.encode(snapshot)
        if key is not None:
            state = seal(key.key, state, _context(aggregate.id, aggregate.version))
        arguments: dict[str, Any] = {
            "stream_id": aggregate.id,
            "version": aggregate.version,
            "topic": aggregate.TOPIC,
            "schema_version": aggregate.SNAPSHOT_VERSION,
            "subject": key.subject if key is not None else None,
            "state": state,
        }
        async with self._pool.connection() as connection:
            await connection.execute(UPSERT, arguments)


def _restore(kind: type[A], stream_id: str, version: int, state: bytes) -> A:
    snapshot = msgspec.json.decode(state, type=Snapshot)
    aggregate = kind.__new__(kind)
    aggregate.__base_init__(
        originator_id=stream_id, originator_version=version, timestamp=snapshot.created_on
    )
    aggregate.modified_on = snapshot.modified_on
    aggregate.state = msgspec.json.decode(snapshot.state, type=kind.STATE)
    return aggregate


def _context(stream_id: str, version: int) -> bytes:
    return f"snapshot of {stream_id}@{version}".encode()

"""Erasing again, in the database of a restored backup, what was erased after that backup.

The redaction event is appended to its stream anew, by the event store's own way: chain, keys,
fence, snapshots and read models follow as they did the first time.
"""

from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

import msgspec
import structlog
from psycopg import AsyncConnection

from application.metadata import SYSTEM
from application.retries import retrying
from domain.events import DomainEvent, Metadata, RedactionEvent
from infra.backups.ledger_file import Erasure, LedgerError
from infra.event_store.assembly import EventStoreParts
from infra.event_store.codec import decode
from infra.event_store.commit_sql import DELETE_KEYS, DELETE_SNAPSHOTS, LOCK
from infra.event_store.errors import CorruptEventError
from infra.event_store.keys import Keyring
from infra.event_store.record import StoredRecord
from infra.postgres.connections import connection_pool

log = structlog.get_logger(__name__)

BEGAN = "SELECT event_id FROM events WHERE originator_id = %s AND originator_version = 1"

# There is no event in this log that erased the subject: position 0 says so.
FENCE = """
INSERT INTO erasures (subject, fingerprint, position, event_id, erased_at)
VALUES (%s, %s, 0, %s, %s)
ON CONFLICT DO NOTHING
"""

# Ids that were given after the backup are never given again: who had one may have been erased.
RAISE_SEQUENCES = """
SELECT setval(format('%%I.%%I', s.schemaname, s.sequencename)::regclass, wanted.last)
FROM unnest(%s::text[], %s::bigint[]) AS wanted (name, last)
JOIN pg_sequences AS s ON s.schemaname = current_schema() AND s.sequencename = wanted.name
WHERE wanted.last > COALESCE(s.last_value, 0)
"""


class Reapplied(msgspec.Struct):
    """How many subjects were erased again, and how many were fenced that do not exist here.

    ``others`` counts those whose stream is now that of somebody else, who keeps what they have.
    """

    erased: int = 0
    fenced: int = 0
    others: int = 0


async def apply_again(conninfo: str, keyring: Keyring, erasures: list[Erasure]) -> Reapplied:
    """Make erasures of this log again, each in one transaction; may be killed and begun again.

    Raises LedgerError if one cannot be read here.
    """
    outcome = Reapplied()
    async with connection_pool(conninfo, 2) as pool:
        event_store = EventStoreParts(conninfo, pool, keyring, on_commit=lambda _: None)
        async with event_store.running():
            async with pool.connection() as connection:
                await raise_sequences(connection, highest(erasures))
            for _, together in groupby(erasures, key=lambda erasure: erasure.event_id):
                group = list(together)
                async with pool.connection() as connection:
                    began = await _began(connection, group[0].stream_id)
                    if began is None:
                        await _fence(connection, group)
                        outcome.fenced += len(group)
                if began == group[0].began:
                    await _erase(event_store, keyring, group[0])
                    outcome.erased += len(group)
                elif began is not None:
                    outcome.others += len(group)
    return outcome


def highest(erasures: list[Erasure]) -> dict[str, int]:
    """Give the highest id of each sequence that the erasures know of."""
    ids: dict[str, int] = {}
    for erasure in erasures:
        for name, last in erasure.sequences.items():
            ids[name] = max(last, ids.get(name, 0))
    return ids


async def raise_sequences(connection: AsyncConnection, last: dict[str, int]) -> None:
    """Let sequences go on behind these ids, if they are not there already."""
    await connection.execute(RAISE_SEQUENCES, (list(last), list(last.values())))


async def _began(connection: AsyncConnection, stream_id: str) -> UUID | None:
    row = await (await connection.execute(BEGAN, (stream_id,))).fetchone()
    return row[0] if row is not None else None


async def _fence(connection: AsyncConnection, erasures: list[Erasure]) -> None:
    """Let subjects that are not known here never get a key."""
    subjects = [erasure.subject for erasure in erasures]
    async with connection.transaction():
        await connection.execute(LOCK)
        for erasure in erasures:
            fingerprint = bytes.fromhex(erasure.fingerprint) if erasure.fingerprint else None
            await connection.execute(
                FENCE, (erasure.subject, fingerprint, erasure.event_id, erasure.erased_at)
            )
        await connection.execute(DELETE_KEYS, (subjects,))
        await connection.execute(DELETE_SNAPSHOTS, (subjects,))


async def _erase(event_store: EventStoreParts, keyring: Keyring, erasure: Erasure) -> None:
    metadata = Metadata(
        actor=SYSTEM,
        correlation_id=str(erasure.metadata.get("correlation_id") or erasure.event_id),
        causation_id=str(erasure.event_id),
    )

    async def attempt() -> None:
        aggregate = await event_store.store.load_as_of(erasure.stream_id)
        event = _redaction(erasure, aggregate.version + 1, keyring)
        event.mutate(aggregate)
        aggregate.pending_events.append(event)
        await event_store.store.save(aggregate, metadata=metadata)

    await retrying(attempt)


def _redaction(erasure: Erasure, version: int, keyring: Keyring) -> DomainEvent:
    """Make the redaction event anew, as one that happens now."""
    record = StoredRecord(
        stream_id=erasure.stream_id,
        version=version,
        topic=erasure.topic,
        schema_version=erasure.schema_version,
        event_id=erasure.event_id,
        metadata=msgspec.json.encode(erasure.metadata).decode(),
        state=msgspec.json.encode(erasure.payload),
        subject=None,
        protected=None,
        position=erasure.position,
        recorded_at=erasure.erased_at,
    )
    try:
        event = decode(record, keyring).event
    except CorruptEventError as error:
        raise LedgerError(
            f"the erasure ledger has an erasure that cannot be made: {error}"
        ) from None
    if not isinstance(event, RedactionEvent) or erasure.subject not in event.erased_subjects:
        raise LedgerError(
            f"the erasure ledger says that {erasure.topic} erased {erasure.subject}; "
            "it does not erase that"
        )
    return msgspec.structs.replace(event, timestamp=datetime.now(UTC))

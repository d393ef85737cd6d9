"""Keeps the erasure ledger beside the backups and the database telling the same.

An erasure is noted after its commit and before it is acknowledged. What a kill between the two has
left out is added at the next start of any process; what the database of a restored backup lacks is
erased again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterator
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from application.errors import ErasureNotNotedError
from infra.backups.ledger_file import Erasure, LedgerError, LedgerFile
from infra.backups.reapplication import Reapplied, apply_again
from infra.cancellation import cancelled_for_good
from infra.event_store.keys import Keyring

log = structlog.get_logger(__name__)

# Of several starts at once, one erases again.
LOCK = "SELECT pg_advisory_lock(4127310)"

# A fence that came from the ledger has no event here, and is in the ledger.
ERASURES = """
SELECT encode(origin.hash, 'hex') AS log,
       x.subject,
       e.originator_id AS stream_id,
       began.event_id AS began,
       e.topic,
       e.schema_version,
       e.event_id,
       convert_from(e.state, 'UTF8')::json AS payload,
       e.metadata,
       x.position,
       x.erased_at,
       encode(x.fingerprint, 'hex') AS fingerprint,
       COALESCE((
           SELECT json_object_agg(sequencename, last_value)
           FROM pg_sequences
           WHERE schemaname = current_schema() AND last_value IS NOT NULL
       ), '{}') AS sequences
FROM erasures AS x
JOIN events AS e ON e.notification_id = x.position AND e.event_id = x.event_id
JOIN events AS began ON began.originator_id = e.originator_id AND began.originator_version = 1
JOIN events AS origin ON origin.notification_id = 1
WHERE x.subject = ANY(%s)
ORDER BY x.position, x.subject
"""

AGAIN_SECONDS = 5.0

TOMBSTONES = "SELECT subject, event_id FROM erasures"

ORIGIN = "SELECT encode(hash, 'hex') FROM events WHERE notification_id = 1"


class ErasureNotes:
    """Notes what this process erases."""

    def __init__(self, file: LedgerFile, pool: AsyncConnectionPool) -> None:
        self._file = file
        self._pool = pool
        self._unwritten: set[str] = set()
        self._turn = asyncio.Lock()
        self._failed = asyncio.Event()

    async def note(self, subjects: Collection[str]) -> None:
        """Add the erasures of the subjects, which are committed; durable when this returns.

        What could not be written is tried again with the next, and while ``completing``. Raises
        ErasureNotNotedError.
        """
        async with self._turn:
            self._unwritten |= set(subjects)
            with self._telling():
                async with self._pool.connection() as connection:
                    cursor = connection.cursor(row_factory=class_row(Erasure))
                    await cursor.execute(ERASURES, (list(self._unwritten),))
                    erasures = await cursor.fetchall()
                await asyncio.to_thread(self._file.add, erasures)
            self._unwritten.clear()

    @contextlib.asynccontextmanager
    async def completing(self, again_seconds: float = AGAIN_SECONDS) -> AsyncIterator[None]:
        """Note what a killed process has left out, and go on to try what could not be written."""
        task = asyncio.create_task(self._complete(again_seconds), name="erasure-notes")
        try:
            yield
        finally:
            await cancelled_for_good(task)

    async def _complete(self, again_seconds: float) -> None:
        left_out: list[str] | None = None
        while True:
            self._failed.clear()
            with contextlib.suppress(ErasureNotNotedError):
                if left_out is None:
                    left_out = await self._left_out()
                    await self.note(left_out)
                elif self._unwritten:
                    await self.note(())
            if left_out is not None and not self._unwritten:
                await self._failed.wait()
            await asyncio.sleep(again_seconds)

    async def _left_out(self) -> list[str]:
        """Give the subjects whose erasure, as the database has it, is not in the ledger.

        The ledger is read first: what is in it was committed before.
        """
        async with self._turn:
            with self._telling():
                noted = {erasure.event_id for erasure in await asyncio.to_thread(self._file.read)}
                async with self._pool.connection() as connection:
                    tombstones = await (await connection.execute(TOMBSTONES)).fetchall()
        return [subject for subject, event_id in tombstones if event_id not in noted]

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell the operator why nothing could be noted; whoever asked is told that it was not."""
        try:
            yield
        except (LedgerError, psycopg.Error) as error:
            self._failed.set()
            # Of an error of the database, the message may quote what is stored.
            reason = str(error) if isinstance(error, LedgerError) else type(error).__name__
            log.warning("erasure_ledger_not_written", reason=reason)
            raise ErasureNotNotedError from error


class Difference(msgspec.Struct, frozen=True):
    """How the ledger and the database differ.

    ``unapplied`` are erasures of this log that the database does not have, ``unnoted`` those of the
    database that the ledger does not have.
    """

    unapplied: list[Erasure]
    unnoted: list[Erasure]


def compare(connection: psycopg.Connection, file: LedgerFile) -> Difference:
    """Compare the ledger with the database. Raises LedgerError.

    The ledger is read first: what is in it was committed before.
    """
    noted = file.read()
    row = connection.execute(ORIGIN).fetchone()
    origin = row[0] if row is not None else None
    ours = [erasure for erasure in noted if erasure.log == origin]
    tombstones: dict[str, UUID] = dict(connection.execute(TOMBSTONES).fetchall())
    events = {erasure.event_id for erasure in ours}
    identities = {erasure.identity for erasure in ours}
    perhaps = [subject for subject, event_id in tombstones.items() if event_id not in events]
    return Difference(
        unapplied=[erasure for erasure in ours if erasure.subject not in tombstones],
        unnoted=[
            erasure
            for erasure in _erasures_of(connection, perhaps)
            if erasure.identity not in identities
        ],
    )


def reconcile(conninfo: str, keyring: Keyring, file: LedgerFile) -> Reapplied:
    """Erase again what the database lacks, and note what the ledger lacks. Raises LedgerError."""
    outcome = Reapplied()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        difference = compare(connection, file)
        if difference.unapplied:
            connection.execute(LOCK)
            difference = compare(connection, file)
            outcome = asyncio.run(apply_again(conninfo, keyring, difference.unapplied))
            if outcome.erased or outcome.fenced:
                log.warning("erasures_applied_again", erased=outcome.erased, fenced=outcome.fenced)
        added = file.add(difference.unnoted)
    if added:
        log.warning("erasure_ledger_completed", erasures=added)
    return outcome


def _erasures_of(connection: psycopg.Connection, subjects: list[str]) -> list[Erasure]:
    """Give the erasures of subjects as the database has them."""
    with connection.cursor(row_factory=class_row(Erasure)) as cursor:
        return cursor.execute(ERASURES, (subjects,)).fetchall() if subjects else []

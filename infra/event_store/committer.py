"""The group commit: one writer per process, one transaction for all commands that have gathered.

Positions are assigned under a lock that every process takes, so they follow the order of
commits and a reader never passes over a gap. A command in conflict fails alone; its neighbours
are recorded.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import psycopg
import structlog

from infra.event_store import commit_sql as sql
from infra.event_store.append import Append, Committed
from infra.event_store.batch import Batch, LogState
from infra.event_store.keys import Keyring
from infra.event_store.metering import AppendMeter
from infra.postgres.failures import is_passing

log = structlog.get_logger(__name__)

Connect = Callable[[], Awaitable[psycopg.AsyncConnection]]

MAX_EVENTS_PER_COMMIT = 1000
RECONNECT_SECONDS = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0, 4.0)


class Committer:
    """Appends what commands hand over; runs as one task of the process."""

    def __init__(
        self,
        connect: Connect,
        keyring: Keyring,
        on_commit: Callable[[int], None],
        meter: AppendMeter,
    ) -> None:
        self._connect = connect
        self._keyring = keyring
        self._on_commit = on_commit
        self._meter = meter
        self._waiting: list[Append] = []
        self._unanswered: set[asyncio.Future[Committed]] = set()
        self._wake = asyncio.Event()
        self._closing = False
        self._connection: psycopg.AsyncConnection | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Committer"]:
        """Run the committer's task; on leaving, what was handed over is still recorded."""
        task = asyncio.create_task(self._run(), name="committer")
        task.add_done_callback(self._stop)
        try:
            yield self
        finally:
            self._closing = True
            self._wake.set()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def append(self, append: Append) -> Committed:
        """Record a command's events and its claim, or nothing of it.

        Raises ConflictError, SubjectErasedError, ClaimTakenError or psycopg.OperationalError; after
        the last, and only then, it is unknown whether they were recorded.
        """
        if self._closing:
            raise psycopg.OperationalError("the event store has been closed")
        began = time.perf_counter()
        self._waiting.append(append)
        self._unanswered.add(append.committed)
        append.committed.add_done_callback(self._answered)
        self._wake.set()
        # A caller that goes away does not take its events back: they may already be on their way.
        await asyncio.wait({append.committed})
        self._meter.appended(time.perf_counter() - began)
        return append.committed.result()

    def _answered(self, committed: asyncio.Future[Committed]) -> None:
        self._unanswered.discard(committed)
        committed.exception()  # or asyncio complains where the caller has gone away

    async def _run(self) -> None:
        try:
            while self._waiting or not self._closing:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._settle(self._gather())
        finally:
            await self._disconnect()

    def _stop(self, _: asyncio.Task[None]) -> None:
        """Leave nobody waiting, however the task came to its end."""
        self._closing = True
        for committed in self._unanswered:
            if not committed.done():
                committed.set_exception(psycopg.OperationalError("the committer has stopped"))

    def _gather(self) -> list[Append]:
        size = taken = 0
        for append in self._waiting:
            needed = max(len(append.records), 1)  # where there is no event, there is a claim
            if taken and size + needed > MAX_EVENTS_PER_COMMIT:
                break
            size += needed
            taken += 1
        gathered, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return gathered

    async def _settle(self, gathered: list[Append], *, doubtful: bool = False) -> None:
        """Answer every command; one that cannot be stored is narrowed down, and fails alone."""
        try:
            await self._commit_surely(gathered, doubtful=doubtful)
        except Exception as error:  # noqa: BLE001 - its command is told
            if len(gathered) == 1 or is_passing(error):
                _fail(gathered, error)
            else:
                middle = len(gathered) // 2
                for half in (gathered[:middle], gathered[middle:]):
                    await self._settle(half, doubtful=True)

    async def _commit_surely(self, gathered: list[Append], *, doubtful: bool) -> None:
        """Commit; where an attempt was made before, first find out whether it took effect."""
        for attempt, delay in enumerate(RECONNECT_SECONDS):
            await asyncio.sleep(delay)
            try:
                connection = await self._connected()
                if doubtful:
                    gathered = await self._without_recorded(connection, gathered)
                if gathered:
                    await self._commit(connection, gathered)
            except Exception as error:
                await self._disconnect()  # which ends the transaction, and with it the lock
                log.warning("commit_interrupted", attempt=attempt, error=type(error).__name__)
                if attempt == len(RECONNECT_SECONDS) - 1 or not is_passing(error):
                    raise
                doubtful = True
            else:
                return

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await self._connect()
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()

    async def _without_recorded(
        self, connection: psycopg.AsyncConnection, gathered: list[Append]
    ) -> list[Append]:
        """Answer the commands whose events are in the log after all; give back the others.

        Taking the lock waits for the end of the broken transaction, whichever it was. A command
        without events needs no answer here: at the next attempt it finds its own claim taken.
        """
        sought = [append.records[-1] for append in gathered if append.records]
        ids = [record.event_id for record in sought]
        streams = [record.stream_id for record in sought]
        versions = [record.version for record in sought]
        async with connection.transaction():
            await connection.execute(sql.LOCK)
            cursor = await connection.execute(sql.RECORDED, (streams, versions, ids))
            recorded = {row[0]: Committed(row[1], row[2]) for row in await cursor.fetchall()}
        unanswered = []
        for append in gathered:
            committed = recorded.get(append.records[-1].event_id) if append.records else None
            if committed is None:
                unanswered.append(append)
            else:
                _succeed(append, committed)
        return unanswered

    async def _commit(self, connection: psycopg.AsyncConnection, gathered: list[Append]) -> None:
        state = await self._lock_and_read(connection, gathered)
        batch = Batch(state, self._keyring, datetime.now(UTC))
        for append in gathered:
            batch.admit(append)
        if batch.admitted:
            await self._write(connection, batch)
        else:
            await connection.execute("ROLLBACK")
        for append, refusal in batch.refused:
            _refuse(append, refusal)
        for append, committed in batch.admitted:
            _succeed(append, committed)
        if batch.admitted:
            self._meter.committed(commands=len(batch.admitted), events=len(batch.records))
        if batch.records:
            self._on_commit(batch.state.position)

    async def _lock_and_read(
        self, connection: psycopg.AsyncConnection, gathered: list[Append]
    ) -> LogState:
        streams = list({stream for a in gathered for stream in (*a.expected, *a.unmoved)})
        subjects = list({subject for a in gathered for subject in (*a.keys, *a.erased)})
        claims = [append.claim.id for append in gathered if append.claim is not None]
        async with connection.pipeline():
            await connection.execute("BEGIN")
            cursor = connection.cursor(binary=True)
            await cursor.execute(sql.LOCK_LOG, (streams, subjects), prepare=True)
            taken = connection.cursor(binary=True)
            if claims:
                await taken.execute(sql.TAKEN_CLAIMS, (claims,), prepare=True)
            row = await cursor.fetchone()
            taken_rows = await taken.fetchall() if claims else []
        assert row is not None
        position, hash_, recorded_at, master_key_id, versions, fingerprints, erased = row
        return LogState(
            position=position,
            hash=hash_,
            recorded_at=recorded_at,
            master_key_id=master_key_id,
            versions=dict(zip(streams, versions, strict=True)),
            fingerprints={
                subject: fingerprint
                for subject, fingerprint in zip(subjects, fingerprints, strict=True)
                if fingerprint is not None
            },
            erased={subject for subject, gone in zip(subjects, erased, strict=True) if gone},
            claims={claim_id for (claim_id,) in taken_rows},
        )

    async def _write(self, connection: psycopg.AsyncConnection, batch: Batch) -> None:
        state = batch.state
        async with connection.pipeline():
            if batch.records:
                head = (state.position, state.hash, state.recorded_at, str(state.position))
                rows = (*batch.event_columns(), *batch.key_columns(), *head)
                await connection.execute(sql.RECORD, rows, prepare=True)
            if batch.claims:
                await connection.execute(sql.RECORD_CLAIMS, batch.claim_columns(), prepare=True)
            if batch.erasures:
                columns = batch.erasure_columns()
                await connection.execute(sql.INSERT_ERASURES, columns)
                await connection.execute(sql.DELETE_KEYS, (columns[0],))
                await connection.execute(sql.DELETE_SNAPSHOTS, (columns[0],))
            await connection.execute("COMMIT")


def _succeed(append: Append, committed: Committed) -> None:
    if not append.committed.done():
        append.committed.set_result(committed)


def _refuse(append: Append, refusal: Exception) -> None:
    if not append.committed.done():
        append.committed.set_exception(refusal)


def _fail(gathered: list[Append], error: Exception) -> None:
    log.error("commit_failed", error=type(error).__name__)
    for append in gathered:
        _refuse(append, error)

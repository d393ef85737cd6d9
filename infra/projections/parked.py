"""Parked streams as operators see them, and another try at what waits of one."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from psycopg import AsyncConnection
from psycopg.rows import kwargs_row

from application.errors import NotFoundError
from application.projections.ports import ParkedStream, Retried
from domain.events import DomainEvent, Recorded
from infra.event_store.reader import LogPage, LogReader, Unreadable
from infra.postgres.failures import is_passing
from infra.projections.applying import follow
from infra.projections.follower import Follower
from infra.projections.held import Held, followed, skipped_positions
from infra.projections.parking import park

PARKED = """
SELECT projection, stream_id, version, position, topic AS type, error, trace, parked_at
FROM parked_streams
WHERE projection = %s AND projection_version = %s AND copy = 'live'
  AND (%s::text IS NULL OR stream_id = %s)
ORDER BY position
LIMIT %s
"""

NOT_BEGUN = """
SELECT stream_id
FROM parked_streams
WHERE projection = %s AND projection_version = %s AND copy = 'live'
  AND version = 1 AND starts_with(stream_id, %s)
ORDER BY position
"""

# The projector moves no further until the transaction is over, and then takes it up anew.
STOP = """
UPDATE checkpoints
SET revision = revision + 1
WHERE projection = %s AND version = %s AND copy = 'live'
RETURNING position, revision
"""

UNPARK = """
DELETE FROM parked_streams
WHERE projection = %s AND projection_version = %s AND copy = 'live' AND stream_id = %s
"""

FORGET_ERROR = """
UPDATE checkpoints AS c
SET last_error = NULL
WHERE projection = %s AND version = %s AND copy = 'live'
  AND NOT EXISTS (
      SELECT FROM parked_streams AS p
      WHERE p.projection = c.projection
        AND p.projection_version = c.version
        AND p.copy = c.copy
  )
"""

Entries = Sequence[Recorded[DomainEvent] | Unreadable]


class PostgresParkedStreams:
    """Implements the application's ParkedStreams port, for the versions that this process knows."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[AsyncConnection]],
        reader: LogReader,
        followers: Iterable[Follower],
    ) -> None:
        self._connect = connect
        self._reader = reader
        self._followers = {follower.name: follower for follower in followers}

    async def of(self, projection: str, limit: int | None = None) -> Sequence[ParkedStream]:
        """Give the parked streams, or the first of them, in the order of their positions."""
        follower = self._known(projection)
        async with await self._connect() as connection:
            return await _parked(connection, follower, None, limit)

    async def not_begun(self, projection: str, prefix: str) -> Sequence[str]:
        """Give the streams, of those whose ids begin so, that are parked at their first event."""
        follower = self._known(projection)
        async with await self._connect() as connection:
            place = (follower.name, follower.version, prefix)
            return [row[0] for row in await (await connection.execute(NOT_BEGUN, place)).fetchall()]

    async def find(self, projection: str, stream_id: str) -> ParkedStream:
        """Give a parked stream. Raises NotFoundError if there is no such projection or stream."""
        follower = self._known(projection)
        async with await self._connect() as connection:
            return await _find(connection, follower, stream_id)

    async def retry(self, projection: str, stream_id: str) -> Retried:
        """Apply what waits of a stream, in order, up to where the projection stands."""
        follower = self._known(projection)
        skipped = await skipped_positions(self._reader, projection)
        async with await self._connect() as connection, connection.transaction():
            held = await _stopped(connection, follower, skipped)
            parked = await _find(connection, follower, stream_id)
            waiting = await self._reader.entries(
                stream_id, after=parked.version - 1, connection=connection
            )
            reached = [entry for entry in waiting if entry.position <= held.position]
            applied = await _drain(connection, held, stream_id, reached)
            left = await _parked(connection, follower, stream_id)
        return Retried(
            projection=projection,
            stream_id=stream_id,
            events_applied=applied,
            parked=left[0] if left else None,
        )

    def _known(self, projection: str) -> Follower:
        try:
            return self._followers[projection]
        except KeyError:
            raise NotFoundError(f"Projection {projection} not found") from None


async def _parked(
    connection: AsyncConnection,
    follower: Follower,
    stream_id: str | None,
    limit: int | None = None,
) -> list[ParkedStream]:
    cursor = connection.cursor(row_factory=kwargs_row(ParkedStream))
    await cursor.execute(PARKED, (follower.name, follower.version, stream_id, stream_id, limit))
    return await cursor.fetchall()


async def _find(connection: AsyncConnection, follower: Follower, stream_id: str) -> ParkedStream:
    found = await _parked(connection, follower, stream_id)
    if not found:
        raise NotFoundError(f"Stream {stream_id} is not parked in {follower.name}")
    return found[0]


async def _stopped(
    connection: AsyncConnection, follower: Follower, skipped: frozenset[int]
) -> Held:
    of = (follower.name, follower.version)
    row = await (await connection.execute(STOP, of)).fetchone()
    if row is None:  # also where a rebuild took its place while it was waited for
        row = await (await connection.execute(STOP, of)).fetchone()
    if row is None:
        raise NotFoundError(f"Projection {follower.name} is not built yet")
    position, revision = row
    return Held(
        follower=follower, position=position, revision=revision, parked=set(), skipped=skipped
    )


async def _drain(connection: AsyncConnection, held: Held, stream_id: str, waiting: Entries) -> int:
    """Apply what waits, all at once or else one by one up to what still cannot be applied."""
    if await _refused(connection, held, waiting) is not None:
        for applied, entry in enumerate(waiting):
            error = await _refused(connection, held, [entry])
            if error is not None:
                await park(connection, held, entry, error)
                return applied
    await connection.execute(UNPARK, (held.follower.name, held.follower.version, stream_id))
    await connection.execute(FORGET_ERROR, (held.follower.name, held.follower.version))
    return len(waiting)


async def _refused(connection: AsyncConnection, held: Held, entries: Entries) -> Exception | None:
    """Apply events, or none of them and give the reason."""
    page = LogPage(list(entries), held.position, held.position)
    try:
        async with connection.transaction():
            write = await follow(connection, held, list(followed(held, page)))
            await write()
    except Exception as error:
        if is_passing(error):
            raise
        return error
    return None

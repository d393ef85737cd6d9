"""Applying a page of the log: tables and checkpoint in one transaction, for each event once.

What cannot be applied is narrowed down, by halves, to one event of one follower.
"""

from collections.abc import Awaitable, Callable, Sequence

from psycopg import AsyncConnection, AsyncCursor

from application.subscription import Subscription
from domain.events import DomainEvent, Recorded
from infra.event_store.reader import LogPage, LogReader, Unreadable
from infra.jobs.queue import enqueue_jobs
from infra.postgres.failures import is_passing
from infra.postgres.signals import PROJECTED_CHANNEL
from infra.projections.held import Copy, Held, followed
from infra.projections.installation import SupersededError
from infra.projections.redaction import redact_parked
from infra.projections.tables import load_rows, save_rows
from infra.webhooks.outbox import Outbox

MOVE_CHECKPOINTS = """
UPDATE checkpoints AS checkpoint
SET position = %s, progress_at = now()
FROM unnest(%s::text[], %s::integer[], %s::bigint[]) AS held (projection, version, revision)
WHERE checkpoint.projection = held.projection
  AND checkpoint.version = held.version
  AND checkpoint.revision = held.revision
  AND checkpoint.copy = %s
  AND checkpoint.position = %s
"""

NOTIFY = "SELECT pg_notify(%s, id || ':' || %s::bigint) FROM unnest(%s::text[]) AS id"

AtALoss = Callable[[Held, Recorded[DomainEvent] | Unreadable, Exception], Awaitable[None]]
"""Called with the event that cannot be applied; parks its stream or raises."""


class Applying:
    """Applies pages over one connection."""

    def __init__(self, connection: AsyncConnection, reader: LogReader, at_a_loss: AtALoss) -> None:
        self._connection = connection
        self._reader = reader
        self._at_a_loss = at_a_loss

    async def apply(self, group: Sequence[Held], page: LogPage) -> None:
        """Apply a page to copies that stand at the same position, and move them on.

        Raises SupersededError if one of them is no longer as it is held here.
        """
        try:
            await self._apply_together(group, page)
        except Exception as error:
            if isinstance(error, SupersededError) or is_passing(error) or not page.entries:
                raise
            if len(group) > 1:
                for held in group:
                    await self.apply([held], page)
            elif len(page.entries) > 1:
                for half in _halves(page):
                    await self.apply(group, half)
            elif page.entries[0].stream_id in group[0].parked:
                raise  # it waits already, and is not the event that cannot be applied
            else:
                await self._at_a_loss(group[0], page.entries[0], error)
                await self.apply(group, page)  # whose erasure reaches the stream all the same

    async def _apply_together(self, group: Sequence[Held], page: LogPage) -> None:
        connection = self._connection
        async with connection.transaction():
            # First of all, as whoever swaps or retries begins with it: nobody waits in a circle.
            moved = await self._move(group, page.position)
            if moved.rowcount != len(group):
                raise SupersededError
            for held in group:
                await redact_parked(connection, self._reader, held, page)
            writes = [await follow(connection, held, list(followed(held, page))) for held in group]
            async with connection.pipeline():
                for write in writes:
                    await write()
        for held in group:
            held.position = page.position

    async def _move(self, group: Sequence[Held], position: int) -> AsyncCursor:
        names = [held.follower.name for held in group]
        versions = [held.follower.version for held in group]
        revisions = [held.revision for held in group]
        copy = group[0].copy
        moved = await self._connection.execute(
            MOVE_CHECKPOINTS,
            (position, names, versions, revisions, copy, group[0].position),
            prepare=True,
        )
        if copy is Copy.LIVE:
            ids = [held.follower.id for held in group]
            await self._connection.execute(NOTIFY, (PROJECTED_CHANNEL, position, ids), prepare=True)
        return moved


async def follow(
    connection: AsyncConnection, held: Held, events: Sequence[Recorded[DomainEvent]]
) -> Callable[[], Awaitable[None]]:
    """Work out what follows from the events, and give what writes it."""
    follower = held.follower
    if isinstance(follower, Outbox):
        return await follower.follow(connection, events)
    if isinstance(follower, Subscription):
        jobs = [job for recorded in events for job in follower.jobs(recorded)]
        return lambda: enqueue_jobs(connection, jobs)
    rows = await load_rows(connection, follower, held.schema, events)
    for recorded in events:
        follower.apply(recorded, rows)
    return lambda: save_rows(connection, follower, held.schema, rows)


def _halves(page: LogPage) -> tuple[LogPage, LogPage]:
    middle = len(page.entries) // 2
    first, second = page.entries[:middle], page.entries[middle:]
    return (
        LogPage(first, first[-1].position, page.head),
        LogPage(second, page.position, page.head),
    )

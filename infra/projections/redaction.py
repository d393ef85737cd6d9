"""A redaction reaches the rows of a stream that is parked, though its events wait.

The rows that the stream brought before it was parked are made anew from what can still be read of
it: each as it was, with ``[REDACTED]`` where a protected value stood. What waits is applied later.
"""

from collections.abc import Sequence

import structlog
from psycopg import AsyncConnection

from application.subscription import Subscription
from domain.events import DomainEvent, Recorded, RedactionEvent
from infra.event_store.reader import LogPage, LogReader
from infra.projections.held import Held
from infra.projections.tables import load_rows, save_rows

log = structlog.get_logger(__name__)

PARKED_OF_SUBJECTS = """
SELECT p.stream_id, p.version
FROM parked_streams AS p
WHERE p.projection = %s AND p.projection_version = %s AND p.copy = %s
  AND EXISTS (
      SELECT FROM events AS e WHERE e.originator_id = p.stream_id AND e.subject = ANY(%s)
  )
"""


async def redact_parked(
    connection: AsyncConnection, reader: LogReader, held: Held, page: LogPage
) -> None:
    """Make anew what parked streams brought, if the page erases their subjects."""
    if not held.parked or isinstance(held.follower, Subscription):
        return
    erased = {
        subject
        for entry in page.entries
        if isinstance(entry, Recorded) and isinstance(entry.event, RedactionEvent)
        for subject in entry.event.erased_subjects
    }
    if not erased:
        return
    place = (held.follower.name, held.follower.version, held.copy)
    cursor = await connection.execute(PARKED_OF_SUBJECTS, (*place, list(erased)))
    for stream_id, parked_at in await cursor.fetchall():
        entries = await reader.entries(stream_id, to_version=parked_at - 1, connection=connection)
        before = [entry for entry in entries if isinstance(entry, Recorded)]
        await _make_anew(connection, held, [e for e in before if e.position not in held.skipped])


async def _make_anew(
    connection: AsyncConnection, held: Held, events: Sequence[Recorded[DomainEvent]]
) -> None:
    projection = held.follower
    assert not isinstance(projection, Subscription)
    rows = await load_rows(connection, projection, held.schema, events)
    for recorded in events:
        try:
            projection.apply(recorded, rows)
        except Exception as error:  # noqa: BLE001 - the others are to be redacted in any case
            log.warning(
                "redaction_incomplete",
                projection=held.schema,
                stream=recorded.stream_id,
                position=recorded.position,
                error=type(error).__name__,
            )
    await save_rows(connection, projection, held.schema, rows.brought())

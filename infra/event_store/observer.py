"""Where the log and its streams stand right now, read once for all who ask at the same time."""

import msgspec
from psycopg_pool import AsyncConnectionPool

from infra.coalescing import Coalescer

OBSERVE = """
SELECT (SELECT position FROM log_head),
       reached.projections,
       reached.versions,
       reached.positions,
       ARRAY(
           SELECT COALESCE((
               SELECT originator_version
               FROM events
               WHERE originator_id = stream.id
               ORDER BY originator_version DESC
               LIMIT 1
           ), 0)
           FROM unnest(%b::text[]) WITH ORDINALITY AS stream (id, ordinal)
           ORDER BY ordinal
       )
FROM (
    SELECT array_agg(projection) AS projections,
           array_agg(version) AS versions,
           array_agg(position) AS positions
    FROM checkpoints
    WHERE copy = 'live'
) AS reached
"""


class Observation(msgspec.Struct, frozen=True):
    """The head of the log, the checkpoints of the projections, and one stream's version.

    The checkpoints are by name and version.
    """

    head: int
    checkpoints: dict[tuple[str, int], int]
    version: int


class LogObserver(Coalescer[str | None, Observation]):
    """Answers with an observation that is younger than the question.

    The question is the stream whose version is wanted, or None.
    """

    def __init__(self, pool: AsyncConnectionPool) -> None:
        super().__init__("log-observer", self._observe)
        self._pool = pool

    async def _observe(self, streams: list[str | None]) -> list[Observation]:
        wanted = list({stream for stream in streams if stream is not None})
        async with self._pool.connection() as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute(OBSERVE, (wanted,), prepare=True)
            row = await cursor.fetchone()
        assert row is not None
        head, *reached, versions = row
        checkpoints = {
            (projection, version): position
            for projection, version, position in zip(*(of or () for of in reached), strict=True)
        }
        version_of = dict(zip(wanted, versions, strict=True))
        return [
            Observation(head, checkpoints, version_of[stream] if stream is not None else 0)
            for stream in streams
        ]

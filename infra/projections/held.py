"""A projection or subscription in somebody's hands: what of it is applied, and what is left out."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec
from psycopg import AsyncConnection

from domain.events import DomainEvent, Recorded
from domain.projections.events import ParkedEventSkipped
from domain.projections.oversight import Oversight
from infra.event_store.reader import LogPage, LogReader
from infra.projections.follower import Follower

PARKED = """
SELECT stream_id
FROM parked_streams
WHERE projection = %s AND projection_version = %s AND copy = %s
"""


class Copy(StrEnum):
    """Which copy of a projection: the one that is read, or the one that is being made."""

    LIVE = "live"
    REBUILD = "rebuild"


class Held(msgspec.Struct, eq=False, kw_only=True):
    """A follower as this process holds it, and how far it has read.

    ``parked`` are the streams that it does not follow, ``skipped`` the positions passed over.
    """

    follower: Follower
    copy: Copy = Copy.LIVE
    position: int
    revision: int
    parked: set[str]
    skipped: frozenset[int]

    @property
    def schema(self) -> str:
        """The PostgreSQL schema that the copy's tables stand in."""
        return schema_of(self.follower, self.copy)


def schema_of(follower: Follower, copy: Copy) -> str:
    """Name the PostgreSQL schema of a copy."""
    return follower.id if copy is Copy.LIVE else f"{follower.id}_{copy}"


async def hold(
    connection: AsyncConnection,
    reader: LogReader,
    follower: Follower,
    *,
    position: int,
    revision: int,
    copy: Copy = Copy.LIVE,
) -> Held:
    """Take up a follower at its checkpoint."""
    cursor = await connection.execute(PARKED, (follower.name, follower.version, copy))
    return Held(
        follower=follower,
        copy=copy,
        position=position,
        revision=revision,
        parked={row[0] for row in await cursor.fetchall()},
        skipped=await skipped_positions(reader, follower.name),
    )


async def skipped_positions(reader: LogReader, projection: str) -> frozenset[int]:
    """Give the positions that operators had the projection pass over."""
    return frozenset(await skips(reader, projection))


async def skips(reader: LogReader, projection: str) -> dict[int, int]:
    """Give the positions that are passed over, each with that at which it was decided."""
    history = await reader.stream(Oversight.stream_id(projection))
    return {
        recorded.event.position: recorded.position
        for recorded in history
        if isinstance(recorded.event, ParkedEventSkipped)
    }


def followed(held: Held, page: LogPage) -> Iterator[Recorded[DomainEvent]]:
    """Give the events of a page that are to be applied.

    Raises CorruptEventError where one that the follower wants cannot be read.
    """
    wanted = held.follower.topics
    for entry in page.entries:
        if entry.stream_id in held.parked or entry.position in held.skipped:
            continue
        if isinstance(entry, Recorded):
            yield entry
        elif wanted is None or entry.topic in wanted:
            raise entry.error

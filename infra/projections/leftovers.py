"""Removes tables that no process reads or fills any more, as no erasure reaches them.

They are those of older releases, of rebuilds that were given up, and those that a rebuild took the
place of when it was killed before it could drop them.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import psycopg
import structlog
from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Identifier

from infra.projections.held import Copy
from projections.projection import Projection, versioned

log = structlog.get_logger(__name__)

# Who still reads them, like a backup, is not waited for: there is a next time.
LITTLE_PATIENCE = "SET lock_timeout TO '2s'"

OLDER_VERSIONS = """
SELECT DISTINCT c.projection, c.version
FROM checkpoints AS c
JOIN unnest(%s::text[], %s::integer[]) AS known (projection, version)
    ON known.projection = c.projection AND c.version < known.version
WHERE c.kind = 'projection'
"""

# A copy that is behind an erasure holds what was erased.
ABANDONED = """
SELECT c.projection, c.version
FROM checkpoints AS c
WHERE c.copy = 'rebuild'
  AND (
      c.progress_at < now() - interval '1 day'
      OR EXISTS (SELECT FROM erasures AS e WHERE e.position > c.position)
  )
"""

REPLACED = """
SELECT known.projection, substring(nspname FROM '_v([0-9]+)_replaced$')::integer
FROM pg_namespace
JOIN unnest(%s::text[]) AS known (projection)
    ON nspname ~ ('^' || known.projection || '_v[0-9]+_replaced$')
"""

# Others hold the one lock as long as they write a backup, the next as long as they rebuild, the
# last as long as they read.
IS_REBUILT = """
SELECT NOT pg_try_advisory_xact_lock(4127307)
    OR NOT pg_try_advisory_xact_lock(4127304, hashtext(%(id)s || '_rebuild'))
"""

IS_READ_OR_REBUILT = f"""
{IS_REBUILT}
    OR NOT pg_try_advisory_xact_lock(4127306, hashtext(%(id)s))
"""

REMOVE_CHECKPOINTS = """
DELETE FROM checkpoints WHERE projection = %s AND version = %s AND copy = ANY(%s)
"""


class Leftover(NamedTuple):
    """Tables of a version that go together, and the checkpoints of which copies go with them."""

    projection: str
    version: int
    suffixes: tuple[str, ...]
    copies: tuple[Copy, ...] = ()

    @property
    def schemas(self) -> list[str]:
        """The PostgreSQL schemas that the tables stand in."""
        return [f"{versioned(self.projection, self.version)}{suffix}" for suffix in self.suffixes]


def remove_leftovers(conninfo: str, projections: Sequence[Projection]) -> list[str]:
    """Remove what is left of older versions, rebuilds and swaps; name the schemas."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(LITTLE_PATIENCE)
        removed = [
            schema
            for leftover in _leftovers(connection, projections)
            if _remove(connection, leftover)
            for schema in leftover.schemas
        ]
    if removed:
        log.info("projection_leftovers_removed", schemas=removed)
    return removed


def _leftovers(
    connection: psycopg.Connection, projections: Sequence[Projection]
) -> Iterator[Leftover]:
    names = [projection.name for projection in projections]
    versions = [projection.version for projection in projections]
    for name, version in connection.execute(OLDER_VERSIONS, (names, versions)).fetchall():
        yield Leftover(name, version, ("", "_rebuild", "_replaced"), (Copy.LIVE, Copy.REBUILD))
    for name, version in connection.execute(ABANDONED).fetchall():
        yield Leftover(name, version, ("_rebuild",), (Copy.REBUILD,))
    for name, version in connection.execute(REPLACED, (names,)).fetchall():
        yield Leftover(name, version, ("_replaced",))


def _remove(connection: psycopg.Connection, leftover: Leftover) -> bool:
    """Drop the tables with their checkpoints, all or nothing; tell whether nobody was at them."""
    id_ = versioned(leftover.projection, leftover.version)
    is_in_use = IS_READ_OR_REBUILT if Copy.LIVE in leftover.copies else IS_REBUILT
    try:
        with connection.transaction():
            row = connection.execute(is_in_use, {"id": id_}).fetchone()
            if row is not None and row[0]:
                return False
            of = (leftover.projection, leftover.version, list(leftover.copies))
            connection.execute(REMOVE_CHECKPOINTS, of)
            for schema in leftover.schemas:
                statement = SQL("DROP SCHEMA IF EXISTS {} CASCADE")
                connection.execute(statement.format(Identifier(schema)))
    except LockNotAvailable:
        return False
    return True

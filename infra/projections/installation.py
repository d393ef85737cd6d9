"""Makes the schemas of projections that are new or have changed."""

from collections.abc import Iterable

import psycopg
import structlog
from psycopg.sql import SQL, Identifier

from projections.projection import Projection

log = structlog.get_logger(__name__)

LOCK = "SELECT pg_advisory_xact_lock(4127303)"

INSTALLED_VERSION = "SELECT version FROM checkpoints WHERE projection = %s"

REMOVE_CHECKPOINT = "DELETE FROM checkpoints WHERE projection = %s"

CREATE_CHECKPOINT = "INSERT INTO checkpoints (projection, version, position) VALUES (%s, %s, 0)"


class SupersededError(Exception):
    """Another version of a projection was installed while a process went on with its own."""


def install(conninfo: str, projections: Iterable[Projection]) -> list[str]:
    """Make the tables of each projection whose version is not the installed one; name them.

    They begin empty at position 0, and the projector fills them from the log.
    """
    made = []
    for projection in projections:
        with psycopg.connect(conninfo) as connection, connection.transaction():
            connection.execute(LOCK)
            row = connection.execute(INSTALLED_VERSION, (projection.name,)).fetchone()
            if row is None or row[0] != projection.version:
                _make(connection, projection)
                made.append(projection.name)
    if made:
        log.info("projections_installed", projections=made)
    return made


def _make(connection: psycopg.Connection, projection: Projection) -> None:
    schema = Identifier(projection.name)
    connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
    connection.execute(SQL("CREATE SCHEMA {}").format(schema))
    connection.execute(SQL("SET LOCAL search_path TO {}").format(schema))
    connection.execute(projection.schema.read_bytes())
    connection.execute("RESET search_path")
    connection.execute(REMOVE_CHECKPOINT, (projection.name,))
    connection.execute(CREATE_CHECKPOINT, (projection.name, projection.version))

"""Makes the schemas of projections that are new or have changed; lets subscriptions begin."""

from collections.abc import Iterable

import psycopg
import structlog
from psycopg.sql import SQL, Identifier

from application.subscription import Subscription
from infra.projections.follower import Follower
from projections.projection import Projection

log = structlog.get_logger(__name__)

LOCK = "SELECT pg_advisory_xact_lock(4127303)"

INSTALLED_VERSION = "SELECT version FROM checkpoints WHERE projection = %s"

REMOVE_CHECKPOINT = "DELETE FROM checkpoints WHERE projection = %s"

CREATE_CHECKPOINT = "INSERT INTO checkpoints (projection, version, position) VALUES (%s, %s, 0)"

# What was recorded before a subscription was thought of has no effects any more.
SUBSCRIBE = """
INSERT INTO checkpoints (projection, version, position, kind)
SELECT %s, %s, position, 'subscription' FROM log_head
ON CONFLICT (projection) DO UPDATE SET version = excluded.version
"""


class SupersededError(Exception):
    """Another version of a projection was installed while a process went on with its own."""


def install(conninfo: str, followers: Iterable[Follower]) -> list[str]:
    """Install each projection and subscription whose version is not the installed one; name them.

    A projection's tables are made, empty at position 0, and the projector fills them from the log.
    A subscription begins at the head of the log, and in another version goes on where it is.
    """
    made = []
    for follower in followers:
        with psycopg.connect(conninfo) as connection, connection.transaction():
            connection.execute(LOCK)
            row = connection.execute(INSTALLED_VERSION, (follower.name,)).fetchone()
            if row is None or row[0] != follower.version:
                if isinstance(follower, Subscription):
                    connection.execute(SUBSCRIBE, (follower.name, follower.version))
                else:
                    _make(connection, follower)
                made.append(follower.name)
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

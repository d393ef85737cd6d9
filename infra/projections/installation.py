"""Makes the tables of projections that are new here; lets subscriptions begin.

Each version of a projection has tables and a checkpoint of its own, so that processes of two
releases work side by side. Whoever reads a version holds a shared lock on it; one that nobody
reads any more is removed by a process of a newer release.
"""

from collections.abc import Iterable, Sequence

import psycopg
import structlog
from psycopg.sql import SQL, Identifier

from application.subscription import Subscription
from infra.projections.follower import Follower
from projections.projection import Projection

log = structlog.get_logger(__name__)

LOCK = "SELECT pg_advisory_xact_lock(4127303)"

IS_INSTALLED = """
SELECT FROM checkpoints WHERE projection = %s AND version = %s AND copy = 'live'
"""

CREATE_CHECKPOINT = "INSERT INTO checkpoints (projection, version, position) VALUES (%s, %s, 0)"

HEAD = "SELECT position FROM log_head"

# What was recorded before a subscription was thought of has no effects any more.
BEGIN_SUBSCRIPTION = """
INSERT INTO checkpoints (projection, version, position, kind)
SELECT %s, %s, position, 'subscription' FROM log_head
"""

CONTINUE_SUBSCRIPTION = """
UPDATE checkpoints SET version = %s WHERE projection = %s AND kind = 'subscription'
"""

READ = "SELECT pg_advisory_lock_shared(4127306, hashtext(id)) FROM unnest(%s::text[]) AS id"


class SupersededError(Exception):
    """A follower is no longer as this process holds it: rebuilt, retried or of another version."""


def install(conninfo: str, followers: Iterable[Follower]) -> list[str]:
    """Install each projection and subscription that is not installed in its version; name them.

    A projection's tables are made, empty at position 0, and the projector fills them from the log.
    A subscription begins at the head of the log, and in another version goes on where it is.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        made = [
            follower.id
            for follower in followers
            if not _is_installed(connection, follower) and _installed_now(connection, follower)
        ]
    if made:
        log.info("projections_installed", projections=made)
    return made


def to_be_built(conninfo: str, projections: Iterable[Projection]) -> list[Projection]:
    """Give those that are not installed in their version though there are events to be read."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(HEAD).fetchone()
        if row is None or row[0] == 0:
            return []
        return [p for p in projections if not _is_installed(connection, p)]


async def read_versions(connection: psycopg.AsyncConnection, ids: Sequence[str]) -> None:
    """Keep the versions that this process reads from being retired while the connection lasts."""
    await connection.execute(READ, (list(ids),))


def _installed_now(connection: psycopg.Connection, follower: Follower) -> bool:
    """Install a follower; tell whether it was this process that did."""
    with connection.transaction():
        connection.execute(LOCK)
        if _is_installed(connection, follower):
            return False
        if isinstance(follower, Subscription):
            _subscribe(connection, follower)
        else:
            _make(connection, follower)
        return True


def _is_installed(connection: psycopg.Connection, follower: Follower) -> bool:
    cursor = connection.execute(IS_INSTALLED, (follower.name, follower.version))
    return cursor.rowcount == 1


def _subscribe(connection: psycopg.Connection, subscription: Subscription) -> None:
    name, version = subscription.name, subscription.version
    if not connection.execute(CONTINUE_SUBSCRIPTION, (version, name)).rowcount:
        connection.execute(BEGIN_SUBSCRIPTION, (name, version))


def _make(connection: psycopg.Connection, projection: Projection) -> None:
    schema = Identifier(projection.id)
    connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
    connection.execute(SQL("CREATE SCHEMA {}").format(schema))
    connection.execute(SQL("SET LOCAL search_path TO {}").format(schema))
    connection.execute(projection.schema.read_bytes())
    connection.execute("RESET search_path")
    connection.execute(CREATE_CHECKPOINT, (projection.name, projection.version))

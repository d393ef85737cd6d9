"""The second copy of a projection's tables: begun, made ready to be read, and put in place."""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier

from infra.postgres.signals import PROJECTED_CHANNEL
from infra.projections.held import Copy, schema_of
from infra.projections.installation import IS_INSTALLED
from projections.projection import Projection

log = structlog.get_logger(__name__)

# Unique ones are left where they are: they decide what can be applied.
PLAIN_INDEX = re.compile(r"^CREATE INDEX (\w+) .*?;\n", re.MULTILINE | re.DOTALL)

TRY_TURN = "SELECT pg_try_advisory_lock(4127304, hashtext(%s))"

TURN = "SELECT true FROM (SELECT pg_advisory_lock(4127304, hashtext(%s))) AS waited"

# A backup holds it shared: pg_dump finds tables by name, whichever has it at that moment.
KEEP_BACKUPS_OFF = "SELECT pg_advisory_lock(4127307)"

LET_BACKUPS_GO_ON = "SELECT pg_advisory_unlock(4127307)"

POSITION = """
SELECT position FROM checkpoints WHERE projection = %s AND version = %s AND copy = 'rebuild'
"""

FORGET = """
DELETE FROM checkpoints WHERE projection = %s AND version = %s AND copy = 'rebuild'
"""

BEGIN = """
INSERT INTO checkpoints (projection, version, copy, position) VALUES (%s, %s, 'rebuild', 0)
"""

NOTE_STOP = """
UPDATE checkpoints
SET last_error = %s
WHERE projection = %s AND version = %s AND copy = 'rebuild'
"""

INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = %s"

# The live copy moves no further until the transaction is over.
STOP_LIVE = """
SELECT revision, position
FROM checkpoints
WHERE projection = %s AND version = %s AND copy = 'live'
FOR UPDATE
"""

REMOVE_LIVE = "DELETE FROM checkpoints WHERE projection = %s AND version = %s AND copy = 'live'"

TAKE_ITS_PLACE = """
UPDATE checkpoints
SET copy = 'live', revision = %s, progress_at = now()
WHERE projection = %s AND version = %s AND copy = 'rebuild'
RETURNING position
"""

NOTIFY = "SELECT pg_notify(%s, %s)"


async def take_turn(connection: AsyncConnection, projection: Projection, *, waiting: bool) -> bool:
    """Take the rebuild of a projection in hand for as long as the connection lasts.

    Tells whether it could be taken; with ``waiting``, it is as soon as no other process has it.
    """
    statement = TURN if waiting else TRY_TURN
    cursor = await connection.execute(statement, (schema_of(projection, Copy.REBUILD),))
    row = await cursor.fetchone()
    assert row is not None
    taken: bool = row[0]
    return taken


@contextlib.asynccontextmanager
async def between_backups(connection: AsyncConnection) -> AsyncIterator[None]:
    """Wait until no backup is being written, and let the next one wait until the block ends."""
    await connection.execute(KEEP_BACKUPS_OFF)
    try:
        yield
    finally:
        with contextlib.suppress(psycopg.OperationalError):  # then the server has let go of it
            await connection.execute(LET_BACKUPS_GO_ON)


async def is_built(connection: AsyncConnection, projection: Projection) -> bool:
    """Tell whether the projection is there in its version."""
    cursor = await connection.execute(IS_INSTALLED, (projection.name, projection.version))
    return cursor.rowcount == 1


async def begin_copy(connection: AsyncConnection, projection: Projection, *, restart: bool) -> int:
    """Make the empty tables, unless a copy has been begun; give the position that it stands at."""
    of = (projection.name, projection.version)
    schema = Identifier(schema_of(projection, Copy.REBUILD))
    row = await (await connection.execute(POSITION, of)).fetchone()
    if row is not None and not restart:
        position: int = row[0]
        return position
    async with between_backups(connection), connection.transaction():
        await connection.execute(FORGET, of)
        await connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        await connection.execute(SQL("CREATE SCHEMA {}").format(schema))
        await connection.execute(SQL("SET LOCAL search_path TO {}").format(schema))
        text = projection.schema.read_text()
        await connection.execute(PLAIN_INDEX.sub("", text).encode())
        await connection.execute("RESET search_path")
        await connection.execute(BEGIN, of)
    return 0


async def note_stop(connection: AsyncConnection, projection: Projection, error: str) -> None:
    """Keep why the rebuild could not go on."""
    await connection.execute(NOTE_STOP, (error, projection.name, projection.version))


async def make_ready(connection: AsyncConnection, projection: Projection) -> None:
    """Make the indexes that are missing, and let the planner know the tables."""
    schema = schema_of(projection, Copy.REBUILD)
    cursor = await connection.execute(INDEXES, (schema,))
    there = {row[0] for row in await cursor.fetchall()}
    await connection.execute(SQL("SET search_path TO {}").format(Identifier(schema)))
    await connection.execute("SET maintenance_work_mem TO '256MB'")
    for index in PLAIN_INDEX.finditer(projection.schema.read_text()):
        if index.group(1) not in there:
            await connection.execute(index.group(0).encode())
    for name in projection.table_names:
        await connection.execute(SQL("VACUUM ANALYZE {}").format(Identifier(name)))
    await connection.execute("RESET search_path")


async def swap(
    connection: AsyncConnection,
    projection: Projection,
    catch_up: Callable[[int], Awaitable[None]],
) -> None:
    """Put the copy in the place of the live one, which it has come up to while that stands still.

    ``catch_up`` is called with the position of the live one, and may raise: then nothing is
    swapped. Whoever reads the old tables at that moment reads them to the end.
    """
    of = (projection.name, projection.version)
    live = Identifier(projection.id)
    rename = SQL("ALTER SCHEMA {} RENAME TO {}")
    await forget_replaced(connection, projection)
    async with connection.transaction():
        stopped = await (await connection.execute(STOP_LIVE, of)).fetchone()
        await catch_up(stopped[1] if stopped is not None else 0)
        if stopped is not None:
            await connection.execute(rename.format(live, _replaced(projection)))
            await connection.execute(REMOVE_LIVE, of)
        copy = Identifier(schema_of(projection, Copy.REBUILD))
        await connection.execute(rename.format(copy, live))
        revision = stopped[0] + 1 if stopped is not None else 0
        moved = await (await connection.execute(TAKE_ITS_PLACE, (revision, *of))).fetchone()
        assert moved is not None
        await connection.execute(NOTIFY, (PROJECTED_CHANNEL, f"{projection.id}:{moved[0]}"))


async def forget_replaced(connection: AsyncConnection, projection: Projection) -> None:
    """Drop the tables that a copy has taken the place of, once nobody reads them."""
    statement = SQL("DROP SCHEMA IF EXISTS {} CASCADE")
    await connection.execute(statement.format(_replaced(projection)))


def _replaced(projection: Projection) -> Identifier:
    return Identifier(f"{projection.id}_replaced")
